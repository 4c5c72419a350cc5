"""A message's blocks as HTML that escapes everything; only our own tags ever come out.

What differs between Matrix and a web page (how an e-mail address, a moment, a letter to copy look)
is a `Dialect`; the rest is written once, here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlsplit

from handlers.mailto import mailto
from handlers.message import (
    Block,
    Bold,
    Bullets,
    Code,
    Copyable,
    Email,
    Heading,
    Italic,
    Link,
    Mail,
    Moment,
    Paragraph,
    Phone,
    Progress,
    Span,
)

BAR_CELLS = 12

# Not allowed in HTML at all; lone surrogates cannot even be written in UTF-8.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_E164 = re.compile(r"\+[0-9]{3,15}")
_MAILBOX = re.compile(r"[^\s<>@\"]+@[^\s<>@\"]+")


def sendable(words: str) -> str:
    """Words without what no text may contain: control characters, halves of letters."""
    return _FORBIDDEN.sub("", words)


def text(words: str) -> str:
    """Words as HTML text: nothing in them is a tag or an entity any more."""
    return escape(sendable(words))


def tag(name: str, inside: str, **attributes: str) -> str:
    """One element of ours; `inside` is HTML already, attribute values are not."""
    written = "".join(f' {key}="{text(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{inside}</{name}>"


def lines(words: str) -> str:
    """Words as HTML text that keeps its line breaks."""
    return text(words).replace("\n", "<br>")


@dataclass(frozen=True)
class Dialect:
    """How one reader of HTML wants the few things that differ; subclass and override."""

    def heading(self, block: Heading) -> str:
        """The first words of a part."""
        return tag("h4", text(block.text))

    def copyable(self, block: Copyable) -> str:
        """A text to take over as it is."""
        return tag("pre", tag("code", text(block.text)))

    def progress(self, block: Progress) -> str:
        """How far something is."""
        return tag("p", tag("code", text(bar(block))))

    def email(self, span: Email) -> str:
        """An e-mail address that opens the mail program."""
        if not _MAILBOX.fullmatch(span.address):
            return text(span.address)
        return tag("a", text(span.address), href="mailto:" + quote(span.address, safe="@"))

    def mail(self, span: Mail) -> str:
        """A letter that opens in the mail program, filled in."""
        if not all(_MAILBOX.fullmatch(one) for one in (span.address, *span.copies)):
            return text(span.address)
        return tag("a", text(span.text), href=mailto(span))

    def phone(self, span: Phone) -> str:
        """A number that opens the telephone."""
        if not _E164.fullmatch(span.number):
            return text(span.text)
        return tag("a", text(span.text), href=f"tel:{span.number}")

    def link(self, span: Link) -> str:
        """A web page; anything but http and https stays text."""
        if not is_web(span.url):
            return text(f"{span.text} ({span.url})")
        return tag("a", text(span.text), href=span.url)

    def moment(self, span: Moment) -> str:
        """A point in time."""
        return text(span.text)


def write(blocks: Iterable[Block], dialect: Dialect) -> str:
    """The blocks, one after the other."""
    return "".join(_block(block, dialect) for block in blocks)


def write_spans(spans: Iterable[Span], dialect: Dialect) -> str:
    """The spans of one paragraph or list item."""
    return "".join(_span(span, dialect) for span in spans)


def bar(progress: Progress) -> str:
    """How far something is, drawn with letters: `▓▓▓░░░ 120 / 300`."""
    part = progress.done / progress.total if progress.total else 1.0
    full = int(min(max(part, 0.0), 1.0) * BAR_CELLS)
    return f"{'▓' * full}{'░' * (BAR_CELLS - full)} {progress.done} / {progress.total}"


def is_web(url: str) -> bool:
    """Is this an address of a web page, and nothing else (no `mailto:`, no `javascript:`)?"""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _block(block: Block, dialect: Dialect) -> str:
    match block:
        case Heading():
            return dialect.heading(block)
        case Paragraph(spans=spans):
            return tag("p", write_spans(spans, dialect))
        case Bullets(items=items, numbered=numbered, first=first):
            written = "".join(tag("li", write_spans(item, dialect)) for item in items)
            start = {"start": str(first)} if first > 1 else {}
            return tag("ol", written, **start) if numbered else tag("ul", written)
        case Copyable():
            return dialect.copyable(block)
        case Progress():
            return dialect.progress(block)


def _span(span: Span, dialect: Dialect) -> str:  # noqa: PLR0911 -- one line for each kind of span
    match span:
        case str():
            return lines(span)
        case Bold(text=words):
            return tag("strong", lines(words))
        case Italic(text=words):
            return tag("em", lines(words))
        case Code(text=words):
            return tag("code", text(words))
        case Link():
            return dialect.link(span)
        case Email():
            return dialect.email(span)
        case Mail():
            return dialect.mail(span)
        case Phone():
            return dialect.phone(span)
        case Moment():
            return dialect.moment(span)
