from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render import html
from bot.render.matrix import render
from handlers.message import (
    Block,
    Bold,
    Button,
    Code,
    Copyable,
    Email,
    Heading,
    Italic,
    Link,
    Message,
    Moment,
    Phone,
    Progress,
    Span,
    bullets,
    paragraph,
)

NASTY = '<script>alert("1")</script> & </p><img src=x onerror=y> \' \u202e &lt;b&gt;'

# The tags of the specification's list that we use, and the attributes we put on them.
ALLOWED = {
    "h4": set(),
    "p": set(),
    "br": set(),
    "strong": set(),
    "em": set(),
    "code": set(),
    "blockquote": set(),
    "ul": set(),
    "ol": set(),
    "li": set(),
    "a": {"href"},
}


class Reader(HTMLParser):
    """Reads HTML as a client would: which tags, which links, which words."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        assert {name for name, _ in attrs} <= ALLOWED[tag]
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words += data


def spans_of(words: str) -> tuple[Span, ...]:
    return (
        words,
        Bold(words),
        Italic(words),
        Code(words),
        Link(words, words),
        Link(words, f"https://example.org/{words}"),
        Email(words),
        Phone(words, words),
        Moment(0, words),
    )


def blocks_of(words: str) -> tuple[Block, ...]:
    spans = spans_of(words)
    return (
        Heading(words),
        paragraph(*spans),
        bullets(spans, words),
        bullets(words, numbered=True),
        Copyable(words),
        Progress(1, 3),
    )


def formatted(*blocks: Block) -> str:
    return render(Message(blocks))[1]


def test_every_block_and_span_has_its_form() -> None:
    body, written = render(
        Message(
            (
                Heading("Trial opens"),
                paragraph("Write ", Bold("today"), " to\n", Email("press@akorda.kz"), "."),
                bullets(Phone("+442079251757", "020 7925 1757"), Code("!actions")),
                bullets("one", Link("two", "https://example.org/a?b=1&c=2"), numbered=True),
                Copyable("Dear <Minister>,\n\nI\nam"),
                Progress(50, 100),
            )
        )
    )
    assert written == (
        "<h4>Trial opens</h4>"
        '<p>Write <strong>today</strong> to<br><a href="mailto:press@akorda.kz">press@akorda.kz'
        "</a>.</p>"
        '<ul><li><a href="tel:+442079251757">020 7925 1757</a></li>'
        "<li><code>!actions</code></li></ul>"
        '<ol><li>one</li><li><a href="https://example.org/a?b=1&amp;c=2">two</a></li></ol>'
        "<blockquote><p>Dear &lt;Minister&gt;,</p><p>I<br>am</p></blockquote>"
        "<p><code>▓▓▓▓▓▓░░░░░░ 50 / 100</code></p>"
    )
    assert body == (
        "Trial opens\n\nWrite today to\npress@akorda.kz.\n\n• 020 7925 1757\n• !actions\n\n"
        "1. one\n2. two (https://example.org/a?b=1&c=2)\n\nDear <Minister>,\n\nI\nam\n\n"
        "▓▓▓▓▓▓░░░░░░ 50 / 100"
    )


def test_buttons_become_numbered_commands_to_type_and_links() -> None:
    message = Message(
        (paragraph("Which country?"),),
        buttons=(
            (Button("Ireland", command="/country IE"), Button("Copy", copy="x")),
            (Button("Send", command="/send 1"), Button("Web page", url="https://example.org/")),
            (Button("None", command="/country skip"),),
        ),
    )
    body, written = render(message)
    assert body == (
        "Which country?\n\n1️⃣ Ireland — !country IE\n• Send — !send 1\n"
        "• Web page: https://example.org/\n2️⃣ None — !country skip"
    )
    assert written == (
        "<p>Which country?</p><p>1️⃣ Ireland — <code>!country IE</code><br>"
        "• Send — <code>!send 1</code><br>"
        '• <a href="https://example.org/">Web page</a><br>'
        "2️⃣ None — <code>!country skip</code></p>"
    )
    assert "️⃣" not in "".join(render(message, numbered=False))


def test_ten_choices_have_a_number_and_more_have_none() -> None:
    buttons = tuple((Button(str(n), command=f"/case {n}"),) for n in range(1, 13))
    body, _ = render(Message((paragraph("Which?"),), buttons=buttons))
    assert body.splitlines()[-4:] == [
        "9️⃣ 9 — !case 9",
        "🔟 10 — !case 10",
        "• 11 — !case 11",
        "• 12 — !case 12",
    ]


def test_a_message_with_nothing_but_copy_buttons_has_no_empty_list() -> None:
    message = Message((paragraph("Hi"),), buttons=((Button("Copy", copy="x"),),))
    assert render(message) == ("Hi", "<p>Hi</p>")


def test_nasty_words_stay_words() -> None:
    buttons = (
        (Button(NASTY, command=f"/{NASTY}"), Button(NASTY, url=f"https://a.example/{NASTY}")),
    )
    _, written = render(Message(blocks_of(NASTY), buttons=buttons))
    assert Reader(written).words.count(NASTY) >= len(spans_of(NASTY))


@given(st.text(), st.text())
def test_no_text_ever_becomes_a_tag_or_a_link(words: str, more: str) -> None:
    blocks = blocks_of(f"{words}<b>{more}") + blocks_of(words + more)
    buttons = ((Button(words or "x", url=more or "y"), Button(more or "x", command="/" + words)),)
    reader = Reader(render(Message(blocks, buttons=buttons))[1])
    assert all(
        link.startswith(("https://", "http://", "mailto:", "tel:+")) for link in reader.links
    )


def test_what_cannot_be_sent_is_left_out() -> None:
    body, written = render(
        Message(
            blocks_of("a\x00b\ud83dc\x1b[31m\td"),
        )
    )
    assert "abc[31m\td" in body
    assert "abc[31m\td" in written
    assert body.encode()
    assert written.encode()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "mailto:a@b.example", "//host/", "https://", "http://[", ""]
)
def test_a_link_that_is_no_web_page_stays_text(url: str) -> None:
    assert Reader(formatted(paragraph(Link("here", url)))).links == []


@pytest.mark.parametrize("number", ["tel:+44", "+44 20", "0207", "+44;x=1", ""])
def test_a_number_that_is_not_international_is_not_dialled(number: str) -> None:
    written = formatted(paragraph(Phone(number, "call")))
    assert Reader(written).links == []
    assert "call" in written


def test_an_address_cannot_smuggle_a_subject_into_the_mail_program() -> None:
    written = formatted(paragraph(Email("a@b.example?bcc=spy@c.example&x=1")))
    assert Reader(written).links == []
    written = formatted(paragraph(Email("a@b.example?bcc=spy")))
    assert Reader(written).links == ["mailto:a@b.example%3Fbcc%3Dspy"]


@pytest.mark.parametrize(
    ("done", "total", "drawn"),
    [
        (0, 3, "░░░░░░░░░░░░ 0 / 3"),
        (3, 3, "▓▓▓▓▓▓▓▓▓▓▓▓ 3 / 3"),
        (0, 0, "▓▓▓▓▓▓▓▓▓▓▓▓ 0 / 0"),
        (9, 3, "▓▓▓▓▓▓▓▓▓▓▓▓ 9 / 3"),
    ],
)
def test_the_bar_is_never_longer_than_itself(done: int, total: int, drawn: str) -> None:
    assert html.bar(Progress(done, total)) == drawn
