"""What every platform must keep to (`bot/platforms/base.py`), each sentence tried on all of them.

A new platform needs a driver in `platform_drivers.py` and its name in `PLATFORMS` and `side`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from bot.platforms.base import Platform, RecipientGone, Rejected, TryLater, Unknown
from bot.platforms.local import NotTakenError
from handlers.message import (
    Attachment,
    Bold,
    Button,
    ChatKind,
    Code,
    Copyable,
    Event,
    Heading,
    Italic,
    Link,
    Message,
    Request,
    bullets,
    paragraph,
    plain,
)
from tests import platform_drivers as drivers
from tests.fakes.matrix_bot import deliver
from tests.platform_drivers import Shown, Side

PLATFORMS = ("telegram", "matrix", "local")
REMOTE = pytest.mark.parametrize("side", ["telegram", "matrix"], indirect=True)
"""The built-in chat has no network, and nobody in it can leave."""

GO = ((Button("Go", command="/country GB", token="t0ken"),),)
HOSTILE = (
    "<b>broken <i>markup</b> &amp; &lt;i&gt; </p></pre></code> <!-- <![CDATA[",
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"><a href='https://evil.example'>",
    "*a* _b_ **c** __d__ ~~e~~ ||f|| `g` ```h``` > i [j](https://evil.example/) # k",
    "[write](mailto:judge@evil.example) mailto:judge@evil.example?subject=x tel:+77172000000",
    "\u202eobserved\u202c \u2066isolated\u2069 zero\u200bwidth\u200d\u2060 \ufeffmark",
    "🇰🇿🇬🇧 🏳️‍🌈 👩🏽‍⚖️ e\u0301 Қазақстан",
    "@everyone @room https://matrix.to/#/@owner:evil.example tg://user?id=1 /forget !forget",
)


@pytest.fixture(params=PLATFORMS)
async def side(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Side]:
    match request.param:
        case "telegram":
            other = drivers.telegram()
        case "matrix":
            other = drivers.matrix(request.getfixturevalue("homeserver"), tmp_path)
        case _:
            other = drivers.local(tmp_path)
    async with other as side:
        yield side


def said(words: str) -> Message:
    return Message((paragraph(words),))


_keys = count()


async def send(platform: Platform, side: Side, message: Message) -> list[str]:
    """Everything of a message; the references of its parts."""
    parts = platform.split(message)
    return [await deliver(platform, side.address, part, f"k{next(_keys)}") for part in parts]


def bare(words: str) -> str:
    """Words without the spaces and marks that each client sets as it likes."""
    return re.sub(r"[\s•]", "", words)


# --------------------------------------------------------------------------------- coming in


async def test_what_a_person_writes_arrives_as_one_request(side: Side) -> None:
    async with side.running() as platform:
        await side.writes("/case Бокаев\nsecond line")
        request = await side.inbox.gets("/case Бокаев\nsecond line")
        await side.writes("last")
        await side.inbox.gets("last")

    assert side.inbox.texts()[-2:] == ["/case Бокаев\nsecond line", "last"]
    assert (request.platform, request.event) == (platform.name, Event.SAID)
    assert (request.address, request.sender) == (side.address, side.sender)
    assert (request.kind, request.is_admin, request.doubt) == (ChatKind.PRIVATE, None, "")


async def test_the_same_words_twice_are_two_events(side: Side) -> None:
    async with side.running():
        for words in ("yes", "yes", "last"):
            await side.writes(words)
        await side.inbox.gets("last")

    twice = [one.event_id for one in side.inbox.requests if one.text == "yes"]
    assert len(set(twice)) == 2


async def test_hostile_words_arrive_as_they_were_written(side: Side) -> None:
    async with side.running():
        for words in HOSTILE:
            await side.writes(words)
            await side.inbox.gets(words)


@pytest.mark.parametrize("end", ["an error", "a cancellation"])
async def test_what_was_not_stored_comes_again_after_a_restart(side: Side, end: str) -> None:
    async with side.running():
        pass
    lost, storing = list[Request](), asyncio.Event()

    async def ends(requests: Sequence[Request]) -> None:
        lost.extend(requests)
        storing.set()
        if end == "an error":
            raise OSError("the disk is full")
        await asyncio.Event().wait()

    side.inbox.store = ends
    async with side.platform() as platform:
        listening = asyncio.create_task(platform.listen(side.inbox.receive, side.inbox.cursor))
        await side.writes("/case 1")
        await storing.wait()
        if end == "a cancellation":
            listening.cancel()
        with pytest.raises((OSError, asyncio.CancelledError)):
            await listening
    side.inbox.store = None
    if side.told is not None:
        with pytest.raises(NotTakenError):
            await side.told
        return
    async with side.running():
        await side.inbox.gets("/case 1")
    assert [one for one in side.inbox.requests if one.text == "/case 1"] == lost


async def test_what_was_stored_does_not_come_again(side: Side) -> None:
    async with side.running():
        await side.writes("first")
        await side.inbox.gets("first")
    async with side.running():
        await side.writes("last")
        await side.inbox.gets("last")

    assert side.inbox.texts()[-2:] == ["first", "last"]
    assert side.inbox.texts().count("first") == 1


async def test_own_messages_do_not_come_back(side: Side) -> None:
    async with side.running() as platform:
        [ref] = await send(platform, side, said("ours"))
        await platform.edit(side.address, ref, said("ours, changed"), key="edit")
        await side.writes("last")
        await side.inbox.gets("last")

    assert not [text for text in side.inbox.texts() if "ours" in text]


async def test_pressing_arrives_as_the_token_or_as_the_command_that_is_named(side: Side) -> None:
    async with side.running() as platform:
        [ref] = await send(platform, side, Message((paragraph("Where?"),), buttons=GO))
        await side.presses(await side.sees("Where?"), "Go")
        pressed = await side.inbox.gets(Event.PRESSED if side.has_buttons else "!country GB")

    assert (pressed.address, pressed.sender) == (side.address, side.sender)
    if side.has_buttons:
        assert (pressed.button, pressed.message_ref, pressed.text) == ("t0ken", ref, "")


async def test_it_can_be_closed_in_the_middle_of_listening(side: Side) -> None:
    async with asyncio.timeout(30), side.platform() as platform:
        listening = asyncio.create_task(platform.listen(side.inbox.receive, side.inbox.cursor))
        await side.meets()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    async with side.running() as platform:
        await side.writes("after")
        await side.inbox.gets("after")
        await send(platform, side, said("still here"))
        await side.sees("still here")


# --------------------------------------------------------------------------------- going out


async def test_a_message_arrives_with_all_its_words_buttons_and_files(side: Side) -> None:
    calendar = Attachment("hearing.ics", "text/calendar", "BEGIN:VCALENDAR\r\nСуд\r\n")
    message = Message(
        (
            Heading("Trial opens"),
            paragraph(
                "in ", Bold("Atyrau"), " on ", Italic("Monday"), ", see ", Code("/hearings")
            ),
            bullets("one", ("two ", Bold("three"))),
            Copyable("Your Excellency,\n\nplease"),
        ),
        buttons=GO,
        attachments=(calendar,),
    )
    async with side.running() as platform:
        await send(platform, side, message)
        shown = await side.sees("Trial opens")
        file = await side.sees("hearing.ics")

    assert shown.readings
    for reading in shown.readings:
        assert bare(plain(message)) in bare(reading)
        assert side.has_buttons or "Go — !country GB" in reading
        assert "t0ken" not in reading
    if side.has_buttons:
        assert shown.buttons["Go"] == "t0ken"
    assert file.files == {"hearing.ics": calendar.text.encode()}


def long_message() -> Message:
    """More than 20,000 characters: prose, a list, one word without an end, a letter."""
    words = [f"слово{number}" for number in range(2_500)]
    sentences = [" ".join(words[start : start + 10]) + ". " for start in range(0, 2_500, 10)]
    return Message(
        (
            Heading("Начало"),
            paragraph(*(Bold(one) if one.startswith("слово7") else one for one in sentences[:70])),
            bullets(*sentences[70:100]),
            paragraph("".join(words[1_000:1_500])),
            Copyable("\n\n".join(sentences[150:])),
        ),
        buttons=GO,
    )


async def test_a_long_message_arrives_complete_in_parts_that_fit(side: Side) -> None:
    message = long_message()
    assert len(plain(message)) > 20_000
    async with side.running() as platform:
        parts = platform.split(message)
        assert platform.split(message) == parts
        assert [bool(part.buttons) for part in parts] == [True] + [False] * (len(parts) - 1)
        await send(platform, side, message)
        await send(platform, side, said("last"))
        shown = [one for one in await side.shows("last") if not one.says("last")]

    assert len(shown) == len(parts)
    for readings in zip(*(one.readings for one in shown), strict=True):
        whole = bare("".join(readings)).replace(bare("1️⃣ Go — !country GB"), "")
        assert whole == bare(plain(message))


def dressed(words: str) -> Message:
    """These words wherever words can stand."""
    return Message(
        (
            Heading(words),
            paragraph(words, " ", Bold(words), " ", Italic(words), " ", Code(words)),
            bullets(words),
            Copyable(words),
        ),
        buttons=((Button(words, command="/country GB", token="t0ken"),),),
    )


async def test_hostile_words_stay_words(side: Side) -> None:
    """They look like harmless ones: no markup of their own, no link, no call of names."""
    async with side.running() as platform:
        await send(platform, side, dressed("harmless"))
        harmless = await side.sees("harmless")
        for words in HOSTILE:
            [ref] = await send(platform, side, dressed(words))
            shown = next(one for one in await side.shows(words) if one.ref == ref)
            assert_words_only(side, shown, words)
            assert shown.markup == harmless.markup
    assert "mention" not in harmless.markup


def assert_words_only(side: Side, shown: Shown, words: str) -> None:
    assert shown.links == ()
    for reading in shown.readings:
        assert bare(plain(dressed(words))) in bare(reading)
    if side.has_buttons:
        assert words in shown.buttons


@pytest.mark.parametrize("url", ["mailto:judge@evil.example", "javascript:alert(1)", "//x.org"])
async def test_a_link_that_is_no_web_page_is_words_or_refused(side: Side, url: str) -> None:
    async with side.running() as platform:
        for message in (
            Message((paragraph("a ", Link("tap here", url)),)),
            Message((paragraph("tap here"),), buttons=((Button("b", url=url),),)),
        ):
            try:
                await platform.send(side.address, message, key=f"k{next(_keys)}")
            except Rejected:
                continue
            assert (await side.sees("tap here")).links == ()


# ------------------------------------------------------------------ changing and taking back


async def test_an_edit_changes_the_message_that_is_shown(side: Side) -> None:
    async with side.running() as platform:
        first = Message((paragraph("1 of 3"),), buttons=GO)
        ref = await platform.send(side.address, first, key="a")
        [other] = await send(platform, side, said("another"))
        await platform.edit(side.address, ref, said("2 of 3"), key="a")  # no repeat of sending
        await side.sees("2 of 3")
        await platform.edit(side.address, ref, said("3 of 3"), key="b")
        shown = {one.ref: one for one in await side.shows("3 of 3")}

    assert shown.keys() == {ref, other}
    assert {reading.strip() for reading in shown[ref].readings} == {"3 of 3"}
    assert shown[ref].buttons == {}
    assert shown[other].says("another")


async def test_an_edit_to_the_same_text_is_no_error(side: Side) -> None:
    async with side.running() as platform:
        [ref] = await send(platform, side, said("before"))
        for key in ("a", "a", "b"):  # the same attempt again, and another one
            await platform.edit(side.address, ref, said("after"), key=key)
        assert [one.ref for one in await side.shows("after")] == [ref]


async def test_what_is_taken_back_is_gone_and_taking_it_back_twice_is_no_error(
    side: Side,
) -> None:
    async with side.running() as platform:
        [ref] = await send(platform, side, said("wrong"))
        [other] = await send(platform, side, said("right"))
        await side.sees("wrong")
        for number in range(3):
            await platform.edit(side.address, ref, said(f"{number} wrong"), key=f"a{number}")
            await side.sees(f"{number} wrong")
        await platform.retract(side.address, ref)
        await platform.retract(side.address, ref)
        assert [one.ref for one in await side.shows("right")] == [other]


async def test_taking_back_what_never_was_is_no_error(side: Side) -> None:
    async with side.running() as platform:
        [ref] = await send(platform, side, said("right"))
        await platform.retract(side.address, side.no_ref)
        assert [one.ref for one in await side.shows("right")] == [ref]


async def test_the_same_key_again_is_shown_once_where_the_platform_says_so(side: Side) -> None:
    async with side.running() as platform:
        for _ in range(2):
            await platform.send(side.address, said("once"), key="same")
    async with side.running() as platform:
        await platform.send(side.address, said("once"), key="same")
        await platform.send(side.address, said("last"), key="other")
        once = [one for one in await side.shows("last") if one.says("once")]

    assert len(once) == (1 if platform.idempotent else 3)


# ---------------------------------------------------------------------------- what goes wrong


@REMOTE
async def test_who_blocked_the_bot_or_left_is_gone(side: Side) -> None:
    async with side.running() as platform:
        [ref] = await send(platform, side, said("hello"))
        await side.sees("hello")
        await side.leaves()
        removed = await side.inbox.gets(Event.REMOVED)
        with pytest.raises(RecipientGone):
            await platform.send(side.address, said("hello?"), key="a")
        with pytest.raises(RecipientGone):
            await platform.edit(side.address, ref, said("hello?"), key="b")
    assert (removed.address, removed.sender) == (side.address, side.sender)


@REMOTE
@pytest.mark.parametrize("address", ["777777", "!nowhere:tocsin.test", "nonsense", "12/x", ""])
async def test_an_address_that_never_was_is_gone_or_refused(side: Side, address: str) -> None:
    async with side.running() as platform:
        with pytest.raises((RecipientGone, Rejected)):
            await platform.send(address, said("hello"), key="a")
        with pytest.raises((RecipientGone, Rejected)):
            await platform.edit(address, "1", said("hello"), key="b")
        with pytest.raises((RecipientGone, Rejected)):
            await platform.retract(address, "1")


@REMOTE
async def test_an_unreachable_server_means_try_later(side: Side) -> None:
    async with side.running() as platform:
        [ref] = await send(platform, side, said("hello"))
        await side.goes_down()
        with pytest.raises(TryLater):
            await platform.send(side.address, said("hello?"), key="a")
        with pytest.raises(TryLater):
            await platform.edit(side.address, ref, said("hello?"), key="b")
        with pytest.raises(TryLater):
            await platform.retract(side.address, ref)


@REMOTE
async def test_a_lost_answer_is_unknown_and_a_repeat_is_shown_once_where_it_can_be(
    side: Side,
) -> None:
    async with side.running() as platform:
        side.loses_an_answer()
        with pytest.raises(Unknown):
            await platform.send(side.address, said("once"), key="same")
        await platform.send(side.address, said("once"), key="same")
        await platform.send(side.address, said("last"), key="other")
        once = [one for one in await side.shows("last") if one.says("once")]

    assert len(once) == (1 if platform.idempotent else 2)
