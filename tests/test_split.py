"""Cutting long messages: nothing lost, nothing cut that must stay whole, the ask first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render import matrix, telegram
from bot.render.split import borders, split_message
from handlers.message import (
    Attachment,
    Bold,
    Button,
    Copyable,
    Email,
    Heading,
    Link,
    Message,
    Paragraph,
    Phone,
    bullets,
    paragraph,
    plain,
)

LIMIT = 60


def fits(message: Message) -> bool:
    return len(plain(message)) <= LIMIT


def _squeezed(messages: list[Message]) -> str:
    return "".join("".join(plain(message).split()) for message in messages)


def test_a_short_message_stays_whole() -> None:
    message = Message(blocks=(Heading("Hello"), paragraph("world")))

    assert split_message(message, fits) == [message]


def test_it_is_cut_between_paragraphs_and_the_buttons_stay_first() -> None:
    button = Button("Press", command="/x")
    message = Message(blocks=(paragraph("a" * 40), paragraph("b" * 40)), buttons=((button,),))

    first, second = split_message(message, fits)

    assert (plain(first), plain(second)) == ("a" * 40, "b" * 40)
    assert first.buttons == ((button,),)
    assert second.buttons == ()


def test_a_heading_goes_with_what_it_heads() -> None:
    message = Message(blocks=(paragraph("a" * 50), Heading("The letter"), Copyable("b" * 40)))

    assert plain(split_message(message, fits)[1]).startswith("The letter")


def test_a_long_letter_is_cut_at_its_paragraphs_and_stays_copyable() -> None:
    letter = "\n\n".join(["Dear Sir or Madam,", "x" * 45, "y" * 45])

    parts = split_message(Message(blocks=(Copyable(letter),)), fits)

    assert [part.blocks for part in parts] == [
        (Copyable("Dear Sir or Madam,"),),
        (Copyable("x" * 45),),
        (Copyable("y" * 45),),
    ]


def test_addresses_and_links_are_never_cut() -> None:
    spans = ("word " * 11, Email("mission@kazakhstan-geneva.ch"), " ", Phone("+41", "+41 22 788"))
    link = Link("a long text of a link", "https://example.org")
    parts = split_message(Message(blocks=(Paragraph((*spans, link)),)), fits)

    found = [span for part in parts for block in part.blocks for span in block.spans]  # type: ignore[union-attr]
    assert Email("mission@kazakhstan-geneva.ch") in found
    assert Phone("+41", "+41 22 788") in found
    assert link in found


def test_flags_and_families_are_never_cut() -> None:
    letters = "🇰🇿🇬🇧👨‍👩‍👧é"

    assert borders(letters) == ["🇰🇿", "🇬🇧", "👨‍👩‍👧", "é"]


def test_each_attachment_is_a_part_of_its_own_at_the_end() -> None:
    file = Attachment("hearing.ics", "text/calendar", "BEGIN")
    parts = split_message(Message(blocks=(paragraph("x"),), attachments=(file,)), fits)

    assert parts == [Message(blocks=(paragraph("x"),)), Message(attachments=(file,))]


def test_it_says_so_when_nothing_fits() -> None:
    with pytest.raises(ValueError, match="not even one letter"):
        split_message(Message(blocks=(paragraph("abc"),)), lambda _: False)


words = st.text(st.sampled_from("ab я.\n🇰🇿👨‍👩‍👧é"), min_size=1, max_size=200)
blocks = st.one_of(
    words.map(paragraph),
    words.map(Heading),
    words.map(Copyable),
    st.lists(words, min_size=1, max_size=4).map(lambda items: bullets(*items)),
    words.map(lambda text: paragraph(Bold(text), " ", Email("a@b.org"), text)),
)


def test_a_numbered_list_goes_on_counting_in_the_next_part() -> None:
    parts = split_message(Message((bullets(*["x" * 25] * 3, numbered=True),)), fits)

    assert [plain(part).split(" ")[0] for part in parts] == ["1.", "3."]
    assert '<ol start="3">' in matrix.render(parts[1])[1]
    assert telegram.render(parts[1]).text.startswith("3. ")


def test_a_row_of_headings_that_is_too_long_is_cut_between_them() -> None:
    long = paragraph(Bold("b" * 25), "c" * 25)
    message = Message(blocks=(Heading("a"), long, long, paragraph("d")))

    assert [len(part.blocks) for part in split_message(message, fits)] == [2, 2]


@given(st.lists(blocks, min_size=1, max_size=6))
def test_nothing_is_lost_and_every_part_fits(found: list[Heading]) -> None:
    message = Message(blocks=tuple(found))

    parts = split_message(message, fits)

    assert all(fits(part) for part in parts)
    bare = _squeezed([message]).replace("•", "")
    assert _squeezed(parts).replace("•", "") == bare
    assert split_message(message, fits) == parts
