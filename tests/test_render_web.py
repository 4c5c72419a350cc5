from __future__ import annotations

from html.parser import HTMLParser

import pytest

from bot.render.web import Place, render
from handlers.message import (
    Attachment,
    Bold,
    Button,
    Code,
    Copyable,
    Email,
    Heading,
    Link,
    Message,
    Phone,
    Progress,
    bullets,
    paragraph,
)
from tests.fakes.echo import NOTICE

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;"
HERE = Place(ref="7", press="/p?a=1&b=2", files="/f", copy="Copy")

# Every tag we write, with the attributes it may have.
ALLOWED = {
    **{tag: {"class"} for tag in ("h3", "p", "strong", "code", "ul", "li", "pre")},
    "a": {"class", "href", "rel", "target", "download"},
    "button": {"class", "type", "name", "value", "data-copy"},
    "div": {"class"},
    "form": {"class", "method", "action"},
    "input": {"type", "name", "value"},
    "span": {"class"},
}


class Reader(HTMLParser):
    """Reads HTML as a browser would."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.words = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        assert attributes.keys() <= ALLOWED[tag], tag
        self.links += [attributes["href"] or ""] if "href" in attributes else []

    def handle_data(self, data: str) -> None:
        self.words += data


def test_nothing_in_a_message_becomes_markup() -> None:
    message = Message(
        blocks=(
            Heading(NASTY),
            paragraph(NASTY, Bold(NASTY), Code(NASTY), Link(NASTY, "https://x.org/" + NASTY)),
            paragraph(Email(NASTY), Phone(NASTY, NASTY), Link("x", "javascript:alert(3)")),
            bullets(NASTY),
            Copyable(NASTY),
        ),
        buttons=(
            (Button(NASTY, "/x", token=NASTY), Button(NASTY, copy=NASTY)),
            (Button(NASTY, url="javascript:alert(4)"),),
        ),
        attachments=(Attachment(NASTY, "text/plain", NASTY),),
    )
    written = render(message, HERE)
    reader = Reader(written)
    assert [link for link in reader.links if not link.startswith(("https://x.org/", "/f/"))] == []
    assert reader.words.count(NASTY) >= 10


def test_contacts_links_and_moments_are_usable() -> None:
    written = render(NOTICE, HERE)
    assert '<a href="mailto:london@example.org">london@example.org</a>' in written
    assert '<a href="tel:+442079250000">+44 20 7925 0000</a>' in written
    assert '<time datetime="2016-10-12T04:30:00Z">' in written
    assert 'href="https://example.org/case?a=1&amp;b=2" rel="noreferrer noopener"' in written


def test_buttons_post_their_token_and_the_message() -> None:
    written = render(Message(buttons=((Button("Go", "/go", token="t0"),),)), HERE)
    assert '<form class="buttons" method="post" action="/p?a=1&amp;b=2">' in written
    assert '<input type="hidden" name="ref" value="7">' in written
    assert '<button name="token" value="t0">Go</button>' in written


def test_a_letter_that_begins_with_a_line_break_keeps_it() -> None:
    assert "<pre>\n\nDear" in render(Message((Copyable("\nDear"),)), HERE)


@pytest.mark.parametrize(
    ("done", "total", "value", "most"),
    [(120, 300, "120", "300"), (0, 0, "1", "1"), (0, 300, "0", "300")],
)
def test_progress_is_drawn_and_told(done: int, total: int, value: str, most: str) -> None:
    written = render(Message((Progress(done, total),)), HERE)
    assert f'<progress value="{value}" max="{most}">' in written
    assert f"<span>{done} / {total}</span>" in written
