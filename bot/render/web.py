"""A message as HTML for the built-in chat: everything escaped, buttons as forms, files as links.

It works without scripts: what only a script can do (copying) is shown as text otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.render import html
from handlers.message import (
    Attachment,
    Button,
    Copyable,
    Heading,
    Link,
    Message,
    Moment,
    Progress,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the site a message is shown."""

    ref: str  # the message's reference
    press: str  # address that pressed buttons are posted to
    files: str  # address under which attachment number n is served as `files/n`
    copy: str  # the word on a button that copies


@dataclass(frozen=True)
class _Web(html.Dialect):
    copy: str = ""

    def heading(self, block: Heading) -> str:
        return html.tag("h3", html.text(block.text))

    def copyable(self, block: Copyable) -> str:
        button = _element("button", html.text(self.copy), "copy", type="button")
        # A line break right after <pre> is not part of the text (HTML standard, "pre" element).
        letter = html.tag("pre", "\n" + html.text(block.text))
        return _element("div", button + letter, "letter")

    def progress(self, block: Progress) -> str:
        counted = f"{block.done} / {block.total}"
        total, done = max(block.total, 1), block.done if block.total else 1
        drawn = html.tag("progress", counted, value=str(done), max=str(total))
        spoken = {"aria-live": "off"}  # not read out at every step
        return _element("p", f"{drawn} {html.tag('span', counted)}", "progress", **spoken)

    def link(self, span: Link) -> str:
        if not html.is_web(span.url):
            return html.text(f"{span.text} ({span.url})")
        return _outside(span.text, span.url)

    def moment(self, span: Moment) -> str:
        at = datetime.fromtimestamp(span.at, UTC)
        return html.tag("time", html.text(span.text), datetime=f"{at:%Y-%m-%dT%H:%M:%SZ}")


def render(message: Message, place: Place) -> str:
    """The message as HTML that may be put into a page as it is."""
    written = html.write(message.blocks, _Web(copy=place.copy))
    return written + _files(message.attachments, place) + _buttons(message, place)


def _element(name: str, inside: str, css: str, **attributes: str) -> str:
    return html.tag(name, inside, **{"class": css}, **attributes)


def _outside(words: str, url: str, css: str = "") -> str:
    attributes = {"class": css} if css else {}
    attributes |= {"href": url, "rel": "noreferrer noopener", "target": "_blank"}
    return html.tag("a", html.text(words), **attributes)


def _files(attachments: tuple[Attachment, ...], place: Place) -> str:
    links = [
        html.tag(
            "a", html.text(one.filename), href=f"{place.files}/{number}", download=one.filename
        )
        for number, one in enumerate(attachments)
    ]
    if not links:
        return ""
    return _element("ul", "".join(html.tag("li", link) for link in links), "files")


def _buttons(message: Message, place: Place) -> str:
    rows = "".join(
        _element("div", "".join(_button(one) for one in row), "row") for row in message.buttons
    )
    if not rows:
        return ""
    ref = f'<input type="hidden" name="ref" value="{html.text(place.ref)}">'
    return _element("form", ref + rows, "buttons", method="post", action=place.press)


def _button(button: Button) -> str:
    label = html.text(button.label)
    if button.url:
        return _outside(button.label, button.url, "button") if html.is_web(button.url) else label
    if button.copy:
        copied = {"data-copy": button.copy}
        by_hand = f"{label}: {html.tag('code', html.text(button.copy))}"
        return _element("button", label, "copy", type="button", **copied) + _element(
            "span", by_hand, "by-hand"
        )
    return f'<button name="token" value="{html.text(button.token)}">{label}</button>'
