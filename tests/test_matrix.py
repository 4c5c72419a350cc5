from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import nio
import pytest

from bot.platforms.base import Rejected, TryLater
from bot.platforms.matrix import Matrix
from bot.platforms.matrix.http import Http
from handlers.message import (
    Attachment,
    Bold,
    Button,
    ChatKind,
    Event,
    Message,
    Origin,
    Request,
    paragraph,
)
from tests.fakes.matrix_bot import Bot, message, wait_until
from tests.fakes.synapse import Homeserver, MatrixPerson


@pytest.fixture
async def bot(homeserver: Homeserver, tmp_path: Path) -> Bot:
    return Bot(homeserver.url, await homeserver.register("tocsin"), tmp_path / "bot")


async def test_an_encrypted_chat_works_both_ways_and_over_every_restart(
    homeserver: Homeserver, bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        added = await bot.gets(Event.ADDED)
        assert (added.address, added.sender, added.kind) == (
            room,
            aigerim.user_id,
            ChatKind.PRIVATE,
        )
        written = await aigerim.writes(room, "/start Қайырлы таң")
        said = await bot.gets("/start Қайырлы таң")
        assert (said.event_id, said.address, said.sender) == (written, room, aigerim.user_id)
        assert (said.kind, said.doubt, said.is_admin) == (ChatKind.PRIVATE, "", None)
        await matrix.send(room, message("Welcome"), key="1")
        heard = await aigerim.hears(room, "Welcome")
        assert (heard.encrypted, heard.formatted_body) == (True, "<p>Welcome</p>")

    device = bot.keep.values["device"]
    await aigerim.writes(room, "written while the bot was down")
    async with bot.running() as matrix:
        await bot.gets("written while the bot was down")
        await matrix.send(room, message("after the bot's restart"), key="2")
        assert (await aigerim.hears(room, "after the bot's restart")).encrypted

        homeserver.kill()
        with pytest.raises(TryLater):
            await matrix.send(room, message("to nobody"), key="3")
        homeserver.start()
        await aigerim.writes(room, "after the homeserver's restart")
        await bot.gets("after the homeserver's restart")
        await matrix.send(room, message("still here"), key="4")
        assert (await aigerim.hears(room, "still here")).encrypted

    assert bot.keep.values["device"] == device
    assert not aigerim.unreadable(room)
    assert bot.texts() == [
        "/start Қайырлы таң",
        "written while the bot was down",
        "after the homeserver's restart",
    ]


async def test_what_comes_between_handing_over_and_the_next_sync_comes_again(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running():
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)

    seen: list[Request] = []

    def crash(requests: Sequence[Request]) -> None:
        seen.extend(requests)
        if requests:
            raise OSError("the disk is full")

    written = [await aigerim.writes(room, f"/case {number}") for number in range(3)]
    bot.crash = crash
    async with bot.platform() as matrix:
        with pytest.raises(OSError, match="the disk is full"):
            await matrix.listen(bot.receive, bot.cursor)
    assert [one.event_id for one in seen] == written
    bot.crash = lambda _: None
    async with bot.running():
        await bot.gets("/case 2")
    assert [one for one in bot.inbox if one.event is Event.SAID] == seen


async def test_strangers_can_still_write_when_all_one_time_keys_are_taken(
    homeserver: Homeserver, bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await matrix._sync.ready.wait()
        device = matrix._device.device_id
    http = Http(homeserver.url, aigerim.client.access_token)
    claim = {"one_time_keys": {bot.user_id: {device: "signed_curve25519"}}}
    taken = [await http.call("POST", "/keys/claim", claim) for _ in range(51)]
    (last,) = taken[-1]["one_time_keys"][bot.user_id][device].values()
    assert last["fallback"] is True

    async with bot.running() as matrix:
        await matrix._sync.ready.wait()
        await wait_until(lambda: matrix._client.olm.uploaded_key_count == 50)
        await wait_until(lambda: not matrix._client._needs_fallback)
        room = await aigerim.talks_to(bot.user_id)
        await aigerim.writes(room, "hello")
        await bot.gets("hello")


async def test_nothing_goes_out_in_the_clear_where_it_was_once_encrypted(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
    async with bot.running() as matrix:
        await matrix._sync.ready.wait()
        matrix._client.rooms[room].encrypted = False  # as if its state had been lost
        with pytest.raises(TryLater):
            await matrix.send(room, message("secret"), key="1")
        matrix._client.rooms[room].encrypted = True
        await matrix.send(room, message("sealed"), key="2")
    await aigerim.hears(room, "sealed")
    assert [heard.encrypted for heard in aigerim.heard(room)] == [True]


async def test_words_in_the_clear_in_an_encrypted_room_are_doubted(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running():
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await aigerim.writes_in_the_clear(room, "/alert forged")
        assert (await bot.gets("/alert forged")).doubt == "plaintext"


async def test_a_message_without_its_key_is_passed_over(
    bot: Bot, aigerim: MatrixPerson, caplog: pytest.LogCaptureFixture
) -> None:
    async with bot.running():
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await aigerim.writes(room, "first")
        await bot.gets("first")
        await aigerim.client.room_send(
            room, "m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2"}
        )
        olm = aigerim.client.olm
        assert olm is not None
        olm.create_outbound_group_session(room)
        olm.outbound_group_sessions[room].shared = True  # though it reached nobody
        await aigerim.writes(room, "nobody has the key to this")
        aigerim.client.invalidate_outbound_session(room)
        await aigerim.writes(room, "last")
        await bot.gets("last")
    assert bot.texts() == ["first", "last"]
    assert "cannot be decrypted" in caplog.text
    assert bot.user_id not in caplog.text
    assert aigerim.user_id not in caplog.text
    assert room not in caplog.text


async def test_the_same_key_is_one_message_even_after_a_restart(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        plain = await aigerim.talks_to(bot.user_id, encrypted=False)
        sealed = await aigerim.talks_to(bot.user_id)
        await wait_until(lambda: {plain, sealed} <= matrix._client.rooms.keys())
        first = [await matrix.send(room, message("once"), key="k") for room in (plain, sealed)]
        again = [await matrix.send(room, message("once"), key="k") for room in (plain, sealed)]
    async with bot.running() as matrix:
        later = [await matrix.send(room, message("once"), key="k") for room in (plain, sealed)]
        await matrix.send(plain, message("last"), key="l")
        await matrix.send(sealed, message("last"), key="l")
    assert first == again == later
    for room in (plain, sealed):
        await aigerim.hears(room, "last")
        assert [heard.body for heard in aigerim.heard(room)] == ["once", "last"]
    assert not aigerim.unreadable(sealed)


async def test_a_message_is_edited_and_taken_back(bot: Bot, aigerim: MatrixPerson) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        ref = await matrix.send(room, message("1 of 3"), key="k")
        await aigerim.hears(room, "1 of 3")
        await matrix.edit(room, ref, message("3 of 3"), key="k")
        heard = await aigerim.hears(room, lambda one: one.replaces == ref)
        assert (heard.body, heard.formatted_body) == ("3 of 3", "<p>3 of 3</p>")
        await matrix.retract(room, ref)
        await matrix.retract(room, ref)
        answer = await aigerim.client.room_get_event(room, ref)
        assert isinstance(answer.event, nio.RedactedEvent)


async def test_how_a_message_arrives(bot: Bot, aigerim: MatrixPerson) -> None:
    loud = Message(
        (paragraph("<b>not bold</b> ", Bold("bold")),),
        buttons=((Button("United Kingdom", command="/country GB"),),),
    )
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=False)
        await bot.gets(Event.ADDED)
        await matrix.send(room, loud, key="1")
        await matrix.send(room, replace(loud, silent=True), key="2")
    quiet = await aigerim.hears(room, lambda one: one.msgtype == "m.notice")
    heard = await aigerim.hears(room, lambda one: one.msgtype == "m.text")
    assert heard.body == "<b>not bold</b> bold\n\n1️⃣ United Kingdom — !country GB"
    assert heard.formatted_body == (
        "<p>&lt;b&gt;not bold&lt;/b&gt; <strong>bold</strong></p>"
        "<p>1️⃣ United Kingdom — <code>!country GB</code></p>"
    )
    assert quiet.body == heard.body


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_file_arrives_as_it_was(
    bot: Bot, aigerim: MatrixPerson, *, encrypted: bool
) -> None:
    calendar = Attachment("hearing.ics", "text/calendar", "BEGIN:VCALENDAR\r\nСуд\r\n")
    letter = Attachment("letter.eml", "message/rfc822", "Subject: =?utf-8?q?Суд?=\r\n\r\n")
    card = Attachment("embassy.vcf", "text/vcard", "BEGIN:VCARD\r\nEND:VCARD\r\n")
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=encrypted)
        await bot.gets(Event.ADDED)
        parts = matrix.split(message("The hearing", calendar, letter, card))
        refs = [await matrix.send(room, part, key=f"p{n}") for n, part in enumerate(parts)]
    for ref, file in zip(refs[1:], (calendar, letter, card), strict=True):
        heard = await aigerim.hears(room, file.filename)
        assert (heard.event_id, heard.msgtype, heard.encrypted) == (ref, "m.file", encrypted)
        assert heard.content["info"]["mimetype"] == file.mime
        assert await aigerim.downloads(heard) == file.text.encode()
        assert ("url" in heard.content) is not encrypted


async def test_the_longest_part_goes_through_in_russian_and_encrypted(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    choices = tuple((Button("Ж" * 40, command="/case 1", token="t" * 64),) for _ in range(10))
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        root = await aigerim.writes(room, "/case")
        whole = Message(buttons=choices, answers=Origin(root, aigerim.user_id, root))
        words = "ж" * (bisect(range(40_000), 1, key=lambda n: _parts(matrix, whole, "ж" * n)) - 1)
        longest = whole.also(paragraph(words))
        ref = await matrix.send(room, longest, key="1")
        assert (await aigerim.hears(room, words)).event_id == ref
        await matrix.edit(room, ref, longest.also(paragraph("!")), key="2")
        assert words in (await aigerim.hears(room, lambda one: one.replaces == ref)).body
        with pytest.raises(Rejected):
            await matrix.send(room, message(words * 3), key="3")


def _parts(matrix: Matrix, message: Message, words: str) -> int:
    return len(matrix.split(message.also(paragraph(words))))
