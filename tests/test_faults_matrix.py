"""Matrix behind a line that breaks: every call over a real homeserver, each with each fault.

However an answer gets lost, in the end there is one copy, encrypted and readable for everybody.
One homeserver and one bot serve all cells; those not listed here are in tests/slow.
"""

from __future__ import annotations

import nio
import pytest

from bot.platforms.base import PlatformError, RecipientGone, TryLater, Unknown
from bot.platforms.matrix.invitations import Allowance
from handlers.message import Attachment, Message
from tests.fakes.matrix_bot import message, wait_until
from tests.fakes.synapse import MatrixPerson
from tests.faults import HARMLESS, THREE_HOURS
from tests.matrix_talk import ALL, FLOODS, QUICK, Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

# ------------------------------------------------------------------------------------ sending


@pytest.mark.parametrize("fault", ALL)
async def test_a_message_whose_answer_is_lost_is_there_once(talk: Talk, fault: str) -> None:
    words = talk.words()
    broken = talk.breaks("/send/m.room.encrypted", fault)

    raised = await talk.until_done(lambda: talk.matrix.send(talk.room, message(words), key=words))

    assert broken.hits == broken.times
    _as_expected(raised, fault)
    assert len(await talk.heard(words)) == 1


def _as_expected(raised: list[PlatformError], fault: str) -> None:
    """One failure, and of the right kind."""
    if fault in HARMLESS:
        assert raised == []
        return
    (error,) = raised
    if fault in FLOODS:
        assert isinstance(error, TryLater)
        assert error.flood
        expected = {"429 short": 1, "429 of three hours": THREE_HOURS}.get(fault)
        assert expected is None or error.retry_after == expected
    else:
        assert isinstance(error, Unknown)


async def test_a_refused_connection_means_later(talk: Talk) -> None:
    words = talk.words()
    talk.wire.heal()

    async with talk.wire.refusing():
        with pytest.raises(TryLater):
            await talk.matrix.send(talk.room, message(words), key=words)
    await talk.until_done(lambda: talk.matrix.send(talk.room, message(words), key=words))

    assert len(await talk.heard(words)) == 1


@pytest.mark.parametrize("fault", QUICK)
async def test_an_edit_whose_answer_is_lost_changes_the_message_once(
    talk: Talk, fault: str
) -> None:
    words = talk.words()
    talk.wire.heal()
    ref = await talk.matrix.send(talk.room, message(f"before {words}"), key=words)
    talk.breaks("/send/m.room.encrypted", fault)

    async def edit() -> str:
        await talk.matrix.edit(talk.room, ref, message(words), key=words)
        return ref

    _as_expected(await talk.until_done(edit), fault)

    assert len(await talk.heard(words)) == 1


@pytest.mark.parametrize("step", ["/redact/", "/relations/"])
@pytest.mark.parametrize("fault", QUICK)
async def test_a_message_is_taken_back_whatever_the_first_attempt_met(
    talk: Talk, step: str, fault: str
) -> None:
    words = talk.words()
    talk.wire.heal()
    ref = await talk.matrix.send(talk.room, message(words), key=words)
    broken = talk.breaks(step, fault)

    async def retract() -> str:
        await talk.matrix.retract(talk.room, ref)
        return ref

    raised = await talk.until_done(retract)

    assert broken.hits >= 1
    assert len(raised) == (fault not in HARMLESS)
    assert not any(isinstance(error, RecipientGone) for error in raised)
    answer = await talk.aigerim.client.room_get_event(talk.room, ref)
    assert type(answer.event).__name__ == "RedactedEvent"


@pytest.mark.parametrize("fault", QUICK)
async def test_a_file_whose_upload_breaks_arrives_once(talk: Talk, fault: str) -> None:
    words = talk.words()
    file = Attachment(f"{words}.ics", "text/calendar", "BEGIN:VCALENDAR")
    broken = talk.breaks("/upload", fault)

    raised = await talk.until_done(
        lambda: talk.matrix.send(talk.room, Message(attachments=(file,)), key=words)
    )

    assert broken.hits == broken.times
    assert bool(raised) == (fault not in HARMLESS)
    assert all(isinstance(error, TryLater) for error in raised)
    (event,) = await talk.heard(f"{words}.ics")
    heard = next(it for it in talk.aigerim.heard(talk.room) if it.event_id == event)
    assert await talk.aigerim.downloads(heard) == b"BEGIN:VCALENDAR"


# --------------------------------------------------------------------------- keys before words

KEY_STEPS = ["/keys/query", "/keys/claim", "/sendToDevice/", "/joined_members"]


@pytest.mark.parametrize("step", KEY_STEPS)
@pytest.mark.parametrize("fault", QUICK)
async def test_nothing_is_sent_before_everybody_has_the_key(
    talk: Talk, step: str, fault: str
) -> None:
    words = talk.words()
    talk.wire.heal()
    talk.matrix._invitations._allowance = Allowance()  # else the hour's number is used up
    account = await talk.homeserver.register("newcomer")
    store = talk.folder / account.user_id.strip("@").partition(":")[0]
    async with MatrixPerson(talk.homeserver, account, store) as newcomer:
        room = await newcomer.opens_room(invite=[talk.bot.user_id], encrypted=True, direct=True)
        await newcomer.sees_member(room, talk.bot.user_id)
        await wait_until(lambda: room in talk.matrix._client.rooms)
        client = talk.matrix._client
        async with client._keys:  # else what follows each sync would be done with it already
            client.rooms[room].members_synced = False
            client.olm.users_for_key_query.add(newcomer.user_id)
            broken = talk.breaks(step, fault)

        raised = await talk.until_done(lambda: talk.matrix.send(room, message(words), key=words))

        keys_at = max(at for at, it in enumerate(talk.wire.paths) if "/sendToDevice/" in it)
        sent_at = [at for at, it in enumerate(talk.wire.paths) if "/send/m.room" in it]
        assert broken.hits >= 1
        assert len(sent_at) == 1
        assert keys_at < sent_at[0]
        assert all(isinstance(error, TryLater) for error in raised)
        assert (await newcomer.hears(room, words)).encrypted
        assert not newcomer.unreadable(room)


# ----------------------------------------------------------------------------- what comes in


@pytest.mark.parametrize("fault", QUICK)
async def test_nothing_is_missed_over_a_broken_sync_and_the_loop_backs_off(
    talk: Talk, fault: str
) -> None:
    words = talk.words()
    broken = talk.breaks("/sync", fault)
    broken.times = 3

    written = await talk.aigerim.writes(talk.room, words)
    request = await talk.bot.gets(words)
    await wait_until(lambda: broken.hits == broken.times)

    assert request.event_id == written
    assert len({it.event_id for it in talk.bot.inbox if it.text == words}) == 1
    assert len([path for path in talk.wire.paths if "/sync" in path]) < 30
    assert not talk.listening.done()


@pytest.mark.parametrize("step", ["/keys/upload", "/keys/query", "/sendToDevice/"])
@pytest.mark.parametrize("fault", QUICK)
async def test_the_keys_are_tended_again_after_the_next_sync(
    talk: Talk, step: str, fault: str
) -> None:
    words = talk.words()
    client = talk.matrix._client
    async with client._keys:
        broken = talk.breaks(step, fault)
        client._needs_fallback = True
        client.olm.users_for_key_query.add(talk.aigerim.user_id)
        client.olm.outgoing_to_device_messages.append(_nudge(talk))
    await talk.aigerim.writes(talk.room, words)
    await talk.bot.gets(words)
    await wait_until(lambda: broken.hits > 0)
    await talk.aigerim.writes(talk.room, f"and {words}")
    await talk.bot.gets(f"and {words}")

    await wait_until(lambda: not (client._needs_fallback or client.should_query_keys))
    assert not talk.listening.done()


def _nudge(talk: Talk) -> nio.ToDeviceMessage:
    return nio.ToDeviceMessage("org.example.nudge", talk.aigerim.user_id, "*", {})
