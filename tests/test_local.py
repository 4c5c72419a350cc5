from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.platforms import local as local_platform
from bot.platforms.base import Platform
from bot.platforms.local import Local, NotTakenError, Persona
from handlers.message import (
    Attachment,
    Button,
    ChatKind,
    Event,
    Message,
    Request,
    paragraph,
    unpack_message,
)
from storage import local_chat
from storage.database import Database
from storage.schema import upgrade
from storage.vault import Vault

HELLO = Message((paragraph("Hello."),), buttons=((Button("Go", "/go", token="t0ken"),),))
BYE = Message((paragraph("Goodbye."),))
KEY = bytes(range(32))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/tocsin.db", Vault(KEY))
    await upgrade(database)
    yield database
    await database.close()


@pytest.fixture
async def local(database: Database) -> AsyncIterator[Local]:
    async with Local(database) as local:
        yield local


@asynccontextmanager
async def listening(local: Local) -> AsyncIterator[list[Request]]:
    """Somebody takes what people do; gives what arrived."""
    arrived: list[Request] = []

    async def receive(requests: Sequence[Request], cursor: str | None) -> None:
        assert cursor is None
        await asyncio.sleep(0.01)
        arrived.extend(requests)

    task = asyncio.create_task(local.listen(receive, None))
    yield arrived
    task.cancel()
    await asyncio.wait([task])


async def shown(local: Local, person: str) -> list[Message | str]:
    lines, _ = await local.lines(person)
    return [
        unpack_message(line.content) if line.ours else line.content
        for line in lines
        if line.content
    ]


async def test_it_is_a_platform(local: Local) -> None:
    platform: Platform = local
    assert platform.name == "local"
    assert platform.idempotent


async def test_what_is_said_is_stored_before_said_returns(local: Local) -> None:
    async with listening(local) as arrived:
        await local.said("london", "/start", "en")
        [request] = arrived
    assert request.text == "/start"
    assert request.event is Event.SAID
    assert (request.address, request.sender) == ("london", "london")
    assert (request.platform, request.language, request.is_admin) == ("local", "en", None)
    assert abs(request.sent_at - time.time()) < 5
    assert await shown(local, "london") == ["/start"]


async def test_two_equal_sentences_are_two_events(local: Local) -> None:
    async with listening(local) as arrived:
        await local.said("london", "yes")
        await local.said("london", "yes")
    assert len({request.event_id for request in arrived}) == 2


async def test_a_pressed_button_arrives_with_its_token_and_message(local: Local) -> None:
    ref = await local.send("london", HELLO, key="1")
    async with listening(local) as arrived:
        await local.pressed("london", ref, "t0ken")
    [request] = arrived
    assert (request.event, request.button, request.message_ref) == (Event.PRESSED, "t0ken", ref)
    assert request.text == ""


async def test_a_group_is_written_for_by_its_admin(local: Local) -> None:
    local.introduce([Persona("berlin-group", "Berlin group", kind=ChatKind.GROUP, language="de")])
    async with listening(local) as arrived:
        await local.said("berlin-group", "/start")
    [request] = arrived
    assert (request.address, request.sender) == ("berlin-group", "berlin-group-admin")
    assert (request.kind, request.is_admin, request.language) == (ChatKind.GROUP, True, "de")


async def test_nobody_listening_is_said(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_platform, "_TAKEN_WITHIN", 0.05)
    with pytest.raises(NotTakenError):
        await local.said("london", "/start")
    async with listening(local) as arrived:
        await local.said("london", "/start again")
    assert [request.text for request in arrived] == ["/start again"]


async def test_a_failing_store_stops_the_platform_and_tells_who_wrote(local: Local) -> None:
    async def receive(_requests: Sequence[Request], _cursor: str | None) -> None:
        raise OSError("disk full")

    listening_task = asyncio.create_task(local.listen(receive, None))
    with pytest.raises(NotTakenError):
        await local.said("london", "/start")
    with pytest.raises(OSError, match="disk full"):
        await listening_task


async def test_the_same_key_twice_is_one_message(local: Local) -> None:
    first = await local.send("london", HELLO, key="7.0")
    assert await local.send("london", HELLO, key="7.0") == first
    assert await local.send("london", HELLO, key="8.0") != first
    assert await shown(local, "london") == [HELLO, HELLO]


async def test_sending_again_after_a_retraction_does_not_bring_the_message_back(
    local: Local,
) -> None:
    ref = await local.send("london", HELLO, key="7.0")
    await local.retract("london", ref)
    assert await local.send("london", HELLO, key="7.0") == ref
    assert await shown(local, "london") == []


async def test_an_edit_replaces_the_message(local: Local) -> None:
    ref = await local.send("london", HELLO, key="1")
    await local.send("london", BYE, key="2")
    await local.edit("london", ref, BYE, key="3")
    assert await shown(local, "london") == [BYE, BYE]


async def test_an_edit_that_changes_nothing_is_no_news(local: Local) -> None:
    ref = await local.send("london", HELLO, key="1")
    [line], _ = await local.lines("london")
    await local.edit("london", ref, HELLO, key="2")
    assert await local.lines("london", since=line.version) == ([], False)


@pytest.mark.parametrize("ref", ["", "999", "nonsense", "-1", "²", "9" * 40])
async def test_editing_or_retracting_what_is_gone_is_success(local: Local, ref: str) -> None:
    await local.edit("london", ref, BYE, key="1")
    await local.retract("london", ref)
    assert await shown(local, "london") == []


async def test_nobody_elses_message_can_be_changed(local: Local) -> None:
    ref = await local.send("london", HELLO, key="1")
    await local.edit("dublin", ref, BYE, key="2")
    await local.retract("dublin", ref)
    assert await shown(local, "london") == [HELLO]
    assert await local.message("dublin", ref) is None


async def test_what_a_person_wrote_is_not_ours_to_change(local: Local) -> None:
    async with listening(local):
        await local.said("london", "mine")
    [line], _ = await local.lines("london")
    await local.edit("london", str(line.id), BYE, key="1")
    await local.retract("london", str(line.id))
    assert await shown(local, "london") == ["mine"]


async def test_since_a_version_comes_what_was_written_edited_and_taken_back(local: Local) -> None:
    refs = [await local.send("london", HELLO, key=str(number)) for number in range(4)]
    before, _ = await local.lines("london")
    version = max(line.version for line in before)
    await local.retract("london", refs[2])
    await local.edit("london", refs[0], BYE, key="e")
    new = await local.send("london", BYE, key="n")

    lines, whole = await local.lines("london", since=version)

    assert [str(line.id) for line in lines] == [refs[0], refs[2], new]
    assert [bool(line.content) for line in lines] == [True, False, True]
    assert not whole


async def test_many_writers_at_once_get_different_versions(local: Local) -> None:
    await asyncio.gather(*(local.send("london", HELLO, key=str(n)) for n in range(20)))
    lines, _ = await local.lines("london")
    assert len({line.version for line in lines}) == 20


async def test_a_change_wakes_who_waits(local: Local) -> None:
    change = local.next_change()
    assert not change.is_set()
    await local.send("dublin", HELLO, key="1")
    assert change.is_set()
    assert not local.next_change().is_set()


async def test_newest_says_up_to_where_we_wrote(local: Local) -> None:
    local.introduce([Persona("london", "Emma"), Persona("dublin", "Aoife")])
    async with listening(local):
        await local.said("london", "hello")
    assert await local.newest() == {}
    await local.send("dublin", HELLO, key="1")
    [line], _ = await local.lines("dublin")
    assert await local.newest() == {"dublin": line.version}


async def test_everything_stays_in_one_message(local: Local) -> None:
    message = Message(attachments=(Attachment("a.ics", "text/calendar", "BEGIN:VCALENDAR"),))
    assert local.split(message) == [message]
    ref = await local.send("london", message, key="1")
    assert await local.message("london", ref) == message


async def test_buttons_are_stored_with_their_tokens(local: Local) -> None:
    ref = await local.send("london", HELLO, key="1")
    message = await local.message("london", ref)
    assert message is not None
    assert message.buttons[0][0].token == "t0ken"


async def test_the_last_word_after_forgetting_leaves_no_row(
    local: Local, database: Database
) -> None:
    async with listening(local):
        await local.said("london", "/forget")
    await local.send("london", HELLO, key="1")
    before, _ = await local.lines("london")
    last = Message((paragraph("Forgotten."),), erase=True)

    await local.send("london", last, key="2")

    lines, whole = await local.lines("london", since=before[-1].version)
    assert ([unpack_message(line.content) for line in lines], whole) == ([last], True)
    async with database.read() as session:
        assert await local_chat.lines(session, "london") == []
    async with Local(database) as restarted:
        assert await restarted.lines("london") == ([], True)


async def test_a_chat_that_starts_again_is_news_to_an_old_page(local: Local) -> None:
    await local.send("london", HELLO, key="1")
    [old], _ = await local.lines("london")
    await local.send("london", Message(erase=True), key="2")
    async with listening(local):
        await local.said("london", "again")
    lines, whole = await local.lines("london", since=old.version)
    assert ([line.content for line in lines], whole) == (["again"], True)


async def test_an_added_person_is_remembered_until_forgotten(
    local: Local, database: Database
) -> None:
    anna = Persona("guest-1", "Анна", language="ru")
    await local.add(anna)
    async with Local(database) as restarted:
        assert restarted.people() == {"guest-1": anna}
        await restarted.send("guest-1", Message(erase=True), key="1")
    async with Local(database) as again:
        assert again.people() == {}


async def test_the_database_file_shows_neither_words_nor_people(
    local: Local, database: Database, tmp_path: Path
) -> None:
    async with listening(local):
        await local.said("person-in-vienna", "my secret words")
    await local.send("person-in-vienna", Message((paragraph("our secret answer"),)), key="1")
    await local.add(Persona("guest-1", "Secretperson"))
    await database.close()
    stored = _everything_in(tmp_path)
    for secret in (b"secret", b"vienna", b"Secretperson"):
        assert secret not in stored


def _everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())
