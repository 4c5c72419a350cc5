"""A message as Telegram takes it: plain text with entities beside it, never parsed markup.

Offsets count UTF-16 units, as Telegram does. Links and buttons are web addresses or nothing: a
`mailto:` there would silently become a link to the ministry's own web server (TDLib's parse_url).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from telegram import MessageEntity

from bot.render.html import is_web, sendable
from handlers.message import (
    Block,
    Bold,
    Bullets,
    Button,
    Code,
    Copyable,
    Email,
    Heading,
    Italic,
    Link,
    Mail,
    Message,
    Moment,
    Paragraph,
    Phone,
    Progress,
    Span,
)

LONGEST_TEXT = 4096  # UTF-16 units after entities are parsed (Bot API, sendMessage)
ROOM = 96  # units kept free for "you may have received this already"
MOST_ENTITIES = 100  # "further entities will simply be ignored"
LONGEST_DATA = 64  # bytes of callback data
LONGEST_COPY = 256  # characters a copy button holds
_BAR = 10


@dataclass(frozen=True, slots=True)
class Rendered:
    """What sendMessage needs."""

    text: str
    entities: tuple[MessageEntity, ...]
    keyboard: list[list[dict[str, Any]]]  # rows of InlineKeyboardButton


def render(message: Message) -> Rendered:
    """The message's text, entities and buttons."""
    sheet = _Sheet()
    for number, block in enumerate(message.blocks):
        if number:
            sheet.write("\n" if isinstance(block, Bullets) else "\n\n")
        _block(sheet, block)
    return Rendered(sheet.text, tuple(sheet.entities[:MOST_ENTITIES]), keyboard(message.buttons))


def fits(message: Message) -> bool:
    """Does Telegram take this as one message, without losing an entity?

    With room for the line that a message sent again begins with.
    """
    sheet = render(message)
    return units(sheet.text) <= LONGEST_TEXT - ROOM and len(sheet.entities) < MOST_ENTITIES


def units(text: str) -> int:
    """The length of a text as Telegram counts it: in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(slots=True)
class _Sheet:
    """Text that grows, with the entities that lie over it."""

    text: str = ""
    entities: list[MessageEntity] = field(default_factory=list)
    length: int = 0

    def write(self, words: str) -> None:
        words = sendable(words)
        self.text += words
        self.length += units(words)

    def mark(self, kind: str, words: str, **about: object) -> None:
        """Write words with an entity over them."""
        start = self.length
        self.write(words)
        if self.length > start:
            length = self.length - start
            self.entities.append(MessageEntity(kind, start, length, **about))  # type: ignore[arg-type]


def _block(sheet: _Sheet, block: Block) -> None:
    match block:
        case Heading(text=text):
            sheet.mark(MessageEntity.BOLD, text)
        case Paragraph(spans=spans):
            _spans(sheet, spans)
        case Bullets():
            _bullets(sheet, block)
        case Copyable(text=text):
            sheet.mark(MessageEntity.PRE, text)  # copied whole by one tap
        case Progress():
            sheet.write(_bar(block))


def _bullets(sheet: _Sheet, block: Bullets) -> None:
    for number, item in enumerate(block.items, block.first):
        if number > block.first:
            sheet.write("\n")
        sheet.write(f"{number}. " if block.numbered else "• ")
        _spans(sheet, item)


def _bar(progress: Progress) -> str:
    part = progress.done / progress.total if progress.total else 1.0
    full = int(min(max(part, 0.0), 1.0) * _BAR)
    return f"{'▰' * full}{'▱' * (_BAR - full)} {progress.done} / {progress.total}"


def _spans(sheet: _Sheet, spans: Iterable[Span]) -> None:
    for span in spans:
        _span(sheet, span)


def _span(sheet: _Sheet, span: Span) -> None:
    match span:
        case str():
            sheet.write(span)
        case Bold(text=text):
            sheet.mark(MessageEntity.BOLD, text)
        case Italic(text=text):
            sheet.mark(MessageEntity.ITALIC, text)
        case Code(text=text):
            sheet.mark(MessageEntity.CODE, text)
        case Link():
            _link(sheet, span)
        case Email(address=address) | Mail(address=address):
            sheet.write(address)  # Telegram itself makes it tappable
        case Phone(text=text):
            sheet.write(text)
        case Moment(at=at, text=text):
            when = datetime.fromtimestamp(at, UTC)
            sheet.mark(MessageEntity.DATE_TIME, text, unix_time=when, date_time_format="wDT")


def _link(sheet: _Sheet, link: Link) -> None:
    url = web_address(link.url)
    if link.text == url:
        sheet.write(url)
    else:
        sheet.mark(MessageEntity.TEXT_LINK, link.text, url=url)


def web_address(url: str) -> str:
    """The URL, if it leads to a web page. Raises `ValueError` for anything else."""
    if not is_web(url):
        raise ValueError("Telegram links and buttons may only lead to web pages")
    return url


def keyboard(rows: Iterable[Iterable[Button]]) -> list[list[dict[str, Any]]]:
    """The rows of buttons as Telegram takes them; none if there is nothing to press."""
    shown = ([_button(button) for button in row if _can_be_shown(button)] for row in rows)
    return [row for row in shown if row]


def _can_be_shown(button: Button) -> bool:
    """A text too long to copy has no button; it stands in the message anyway."""
    return bool(button.token or button.url) or 0 < len(button.copy) <= LONGEST_COPY


def _button(button: Button) -> dict[str, Any]:
    label = sendable(button.label)
    if button.url:
        return {"text": label, "url": web_address(button.url)}
    if button.copy:
        return {"text": label, "copy_text": {"text": sendable(button.copy)}}
    if len(button.token.encode()) > LONGEST_DATA:
        raise ValueError("a button's command is too long for Telegram")
    return {"text": label, "callback_data": button.token}
