"""Telegram's form of a message: UTF-16 offsets, no markup, no dangerous links."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import MessageEntity

from bot.render.split import split_message
from bot.render.telegram import LONGEST_TEXT, fits, render, units
from handlers.message import (
    Bold,
    Button,
    Copyable,
    Email,
    Heading,
    Link,
    Message,
    Moment,
    Phone,
    Progress,
    bullets,
    paragraph,
    plain,
)


def _marked(message: Message) -> list[tuple[str, str]]:
    rendered = render(message)
    raw = rendered.text.encode("utf-16-le")
    return [
        (
            entity.type,
            raw[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le"),
        )
        for entity in rendered.entities
    ]


def test_offsets_count_utf_16_units() -> None:
    message = Message(
        blocks=(Heading("🇰🇿 Суд 👨‍👩‍👧"), paragraph("a ", Bold("жирно"), "🙂", Bold("b")))
    )

    assert _marked(message) == [("bold", "🇰🇿 Суд 👨‍👩‍👧"), ("bold", "жирно"), ("bold", "b")]


def test_markup_in_human_text_stays_text() -> None:
    message = Message(blocks=(paragraph("<b>x</b> *y* [z](http://a.b) `q`"),))

    assert render(message).text == "<b>x</b> *y* [z](http://a.b) `q`"
    assert render(message).entities == ()


def test_addresses_are_bare_and_the_letter_copies_on_tap() -> None:
    message = Message(
        blocks=(
            bullets(("E-mail: ", Email("a@mfa.kz")), ("Fax: ", Phone("+77172", "+7 7172"))),
            Copyable("Dear Sir,\n\nwrite"),
        )
    )

    assert render(message).text == "• E-mail: a@mfa.kz\n• Fax: +7 7172\n\nDear Sir,\n\nwrite"
    assert _marked(message) == [("pre", "Dear Sir,\n\nwrite")]


def test_moments_and_progress() -> None:
    message = Message(blocks=(paragraph(Moment(1_790_000_000, "12 Oct, 10:30")), Progress(3, 10)))

    assert _marked(message) == [(MessageEntity.DATE_TIME, "12 Oct, 10:30")]
    assert render(message).text.endswith("▰▰▰▱▱▱▱▱▱▱ 3 / 10")


@pytest.mark.parametrize(
    "url",
    [
        "mailto:Kense@mvd.kz?subject=x",
        "tel:+77172",
        "MAILTO:a@b.kz",
        "a@b.kz",
        "mvd.kz",
        "javascript:alert(1)",
        "sms:+1",
        "http:/x",
        "//mvd.kz",
        "",
    ],
)
def test_only_web_pages_come_out_in_links_and_buttons(url: str) -> None:
    with pytest.raises(ValueError, match="web pages"):
        render(Message(blocks=(paragraph(Link("write", url)),)))
    if url:
        with pytest.raises(ValueError, match="web pages"):
            render(Message(buttons=((Button("write", url=url),),)))


@given(st.text(max_size=40))
def test_no_text_whatever_makes_a_dangerous_link(url: str) -> None:
    try:
        rendered = render(Message(blocks=(paragraph(Link("write", url)),)))
    except ValueError:
        return
    links = [entity.url or "" for entity in rendered.entities]

    assert all(link.lower().startswith(("http://", "https://")) for link in links)


def test_buttons_press_open_or_copy() -> None:
    message = Message(
        buttons=(
            (Button("Do", command="/x", token="x|1|abc"), Button("Open", url="https://a.org")),
            (Button("Copy", copy="a" * 256), Button("Too long", copy="a" * 257)),
        )
    )

    assert render(message).keyboard == [
        [{"text": "Do", "callback_data": "x|1|abc"}, {"text": "Open", "url": "https://a.org"}],
        [{"text": "Copy", "copy_text": {"text": "a" * 256}}],
    ]


@given(st.lists(st.text(max_size=3000), min_size=1, max_size=5))
def test_every_part_fits_whatever_is_written(texts: list[str]) -> None:
    message = Message(blocks=tuple(Copyable(text) for text in texts))

    for part in split_message(message, fits):
        assert units(render(part).text) <= LONGEST_TEXT


def test_a_long_russian_notice_is_two_parts_with_the_buttons_on_the_first() -> None:
    button = Button("О деле", command="/case x", token="case x|1|a")
    message = Message(
        blocks=(Heading("Суд"), paragraph("ж" * 3000), Copyable("п" * 3000)), buttons=((button,),)
    )

    first, second = split_message(message, fits)

    assert first.buttons
    assert not second.buttons
    assert plain(second) == "п" * 3000
