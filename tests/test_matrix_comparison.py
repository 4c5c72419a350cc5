"""Whoever presses "Verify" in Element can compare emoji with the bot, and nobody can spoil it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nio
import pytest
import vodozemac
from nio.crypto import Sas

from bot.platforms.matrix import verification, verification_answers
from bot.platforms.matrix.comparison import Comparison, Side
from bot.platforms.matrix.verification_steps import said_by_device, said_in_room
from handlers.message import Event
from tests.fakes.faulty import Kind
from tests.fakes.matrix_bot import Bot, wait_until
from tests.fakes.matrix_comparison import EMOJI, PREFIX, START, Comparing
from tests.fakes.matrix_identity import MatrixIdentity, _post
from tests.fakes.synapse import Homeserver, MatrixPerson
from tests.matrix_talk import Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def _fresh(talk: Talk) -> Iterator[None]:
    """Every test is the first of the hour."""
    compared = talk.matrix._sync.verifications
    compared._begun.clear()
    talk.bot.inbox.clear()
    yield
    talk.wire.heal()
    assert not talk.listening.done()
    compared._open.clear()


async def _published(person: MatrixPerson, bot: Bot) -> dict[str, str]:
    """The bot's keys as everybody is told, by their ids."""
    found = await _post(person, "keys/query", {"device_keys": {bot.user_id: []}})
    (device,) = found["device_keys"][bot.user_id].values()
    device_key = f"ed25519:{device['device_id']}"
    master = found["master_keys"][bot.user_id]["keys"]
    return {device_key: device["keys"][device_key], **master}


@pytest.mark.parametrize("where", ["encrypted room", "plain room", "devices"])
async def test_both_see_the_same_emoji_and_the_bot_proves_its_keys(talk: Talk, where: str) -> None:
    room = "" if where == "devices" else talk.room
    if where == "plain room":
        room = await talk.aigerim.talks_to(talk.bot.user_id, encrypted=False)
    compared = Comparing(talk.aigerim, talk.bot.user_id, room)
    known = await _published(talk.aigerim, talk.bot)
    assert len(known) == 2  # the device and the account

    shown = await compared.compares()
    if room:
        told = await talk.bot.gets(Event.COMPARED)
        assert (told.text.replace("\ufe0f", ""), told.address) == (" ".join(shown), room)
    await compared.agrees()
    await compared.is_sure(known)

    assert len(shown) == 7
    assert not talk.matrix._sync.verifications._open


async def test_what_the_person_says_is_theirs_must_be_what_is_published(talk: Talk) -> None:
    person, own = talk.aigerim, MatrixIdentity(talk.aigerim.user_id)
    await own.establish(person, person._password)
    right = {f"ed25519:{own.master.public}": own.master.public}
    for keys, ends_well in ((right, True), (dict.fromkeys(right, own.self_signing.public), False)):
        compared = Comparing(person, talk.bot.user_id, talk.room)
        compared.keys = keys
        await compared.compares()
        await compared.agrees()
        if ends_well:
            await compared.is_sure(await _published(person, talk.bot))
        else:
            assert await compared.is_refused() == "m.key_mismatch"


async def test_a_false_seal_ends_it_before_the_bot_proves_anything(talk: Talk) -> None:
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.compares()
    await compared.agrees(wrongly=True)

    assert await compared.is_refused() == "m.key_mismatch"
    await talk.aigerim.settles(0.5)
    with pytest.raises(TimeoutError):
        await compared.hears("mac", within=0.1)


@pytest.mark.parametrize(
    "offer",
    [
        {"method": "m.reciprocate.v1"},
        {"key_agreement_protocols": ["curve25519"]},
        {"hashes": []},
        {"message_authentication_codes": ["hkdf-hmac-sha256"]},
        {"short_authentication_string": ["morse"]},
        {"hashes": "sha256"},
        {"message_authentication_codes": None},
    ],
)
async def test_an_offer_it_does_not_know_is_refused(talk: Talk, offer: dict[str, object]) -> None:
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.asks()
    await compared.starts(**offer)

    assert await compared.is_refused() == "m.unknown_method"


@pytest.mark.parametrize(
    ("step", "content", "code"),
    [
        ("key", {"key": "AAAA"}, "m.unexpected_message"),
        ("mac", {"mac": {}, "keys": ""}, "m.unexpected_message"),
        ("start", {**START, "from_device": "ANOTHER"}, "m.unexpected_message"),
    ],
)
async def test_a_step_out_of_turn_ends_it(
    talk: Talk, step: str, content: dict[str, Any], code: str
) -> None:
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.asks()
    await compared.hears("ready")
    await compared.says(step, content)

    assert await compared.is_refused() == code


@pytest.mark.parametrize("key", ["", "no key", "A" * 43, 7])  # the third is the key of nobody
async def test_a_key_that_is_none_ends_it(talk: Talk, key: object) -> None:
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.asks()
    await compared.starts()
    await compared.hears("accept")
    await compared.says("key", {"key": key})

    assert await compared.is_refused() == "m.invalid_message"


async def test_a_newer_request_takes_the_place_of_the_older(talk: Talk) -> None:
    first, second = (Comparing(talk.aigerim, talk.bot.user_id, talk.room) for _ in range(2))
    await first.asks()
    await first.hears("ready")
    await second.asks()

    assert await first.is_refused() == "m.user"
    await second.hears("ready")


async def test_what_takes_too_long_is_ended(talk: Talk) -> None:
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.asks()
    await compared.hears("ready")
    (going,) = talk.matrix._sync.verifications._open.values()
    going.until = time.monotonic()

    assert await compared.is_refused() == "m.timeout"


async def test_after_a_restart_one_is_told_to_begin_again(talk: Talk) -> None:
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.asks()
    await compared.hears("ready")
    talk.matrix._sync.verifications._open.clear()  # it is only in memory
    await compared.starts()

    assert await compared.is_refused() == "m.unknown_transaction"


async def test_when_the_person_cancels_the_bot_forgets_it(talk: Talk) -> None:
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.asks()
    await compared.hears("ready")
    await compared.says("cancel", {"code": "m.user", "reason": "changed my mind"})

    await wait_until(lambda: not talk.matrix._sync.verifications._open)


@pytest.mark.parametrize("fault", ["stall before", "truncated JSON", "reset before"])
async def test_a_homeserver_slow_to_tell_keys_holds_up_nobody_else(
    talk: Talk, fault: Kind
) -> None:
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.compares()
    broken = talk.wire.fail("keys/query", fault, times=2)
    await compared.agrees()
    await talk.bot.gets(await _said(talk, f"while it waits ({fault})"))

    await compared.is_sure(await _published(talk.aigerim, talk.bot))
    assert broken.hits == 2


async def test_when_nobody_tells_the_keys_it_is_ended_without_a_proof(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification_answers, "_PAUSE", 0.05)
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.compares()
    nobody = b'{"device_keys": {}, "failures": {"example.org": {}}}'
    talk.wire.answer("keys/query", 200, nobody, times=100)
    await compared.agrees()

    assert await compared.is_refused() == "m.timeout"
    with pytest.raises(TimeoutError):
        await compared.hears("mac", within=0.1)


async def test_seals_that_come_twice_end_it(talk: Talk) -> None:
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.compares()
    talk.wire.fail("keys/query", "stall before")
    await compared.agrees()
    await compared.agrees()

    assert await compared.is_refused() == "m.unexpected_message"
    with pytest.raises(TimeoutError):
        await compared.hears("mac", within=0.5)


async def test_answers_on_a_line_that_breaks_are_sent_once_all_the_same(talk: Talk) -> None:
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.asks()
    broken = talk.wire.fail("/send/m.room.encrypted", "reset after", times=2)
    await compared.starts()
    await compared.exchanges()
    await compared.agrees()

    await compared.is_sure(await _published(talk.aigerim, talk.bot))
    assert broken.hits == 2


async def test_steps_of_what_was_never_begun_are_counted_too(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "MAX_PER_PERSON", 1)
    first, second = (Comparing(talk.aigerim, talk.bot.user_id) for _ in range(2))
    for compared in (first, second):
        own = {"from_device": talk.aigerim.client.device_id}
        await compared.says("start", {**START, **own})

    assert await first.is_refused() == "m.unknown_transaction"
    await talk.bot.gets(await _said(talk, "after two that were never begun"))
    with pytest.raises(TimeoutError):
        await second.hears("cancel", within=0.5)


async def test_many_requests_of_one_person_are_passed_over(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "MAX_PER_PERSON", 1)
    first, second = (Comparing(talk.aigerim, talk.bot.user_id, talk.room) for _ in range(2))
    await first.asks()
    await first.hears("ready")
    await second.asks()
    await talk.bot.gets(await _said(talk, "after the second"))

    assert len(talk.matrix._sync.verifications._open) == 1
    with pytest.raises(TimeoutError):
        await second.hears("ready", within=1)


@pytest.mark.parametrize(
    "request_",
    [
        {"methods": ["m.qr_code.show.v1"]},
        {"methods": None},
        {"from_device": ["X"]},
        {"to": "@somebody:else"},
        {"from_device": "X" * 300},
    ],
)
async def test_what_is_no_request_to_the_bot_is_left_alone(
    talk: Talk, request_: dict[str, object]
) -> None:
    compared = Comparing(talk.aigerim, talk.bot.user_id, talk.room)
    await compared.asks(**request_)
    await talk.bot.gets(await _said(talk, "after the request"))

    assert not talk.matrix._sync.verifications._open


async def test_in_a_group_nobody_compares_keys_with_the_bot(
    talk: Talk, homeserver: Homeserver, tmp_path: Path
) -> None:
    bob = MatrixPerson(homeserver, await homeserver.register("bob"), tmp_path / "bob")
    async with bob:
        room = await talk.aigerim.opens_room(invite=[talk.bot.user_id, bob.user_id])
        await talk.aigerim.sees_member(room, talk.bot.user_id)
        compared = Comparing(talk.aigerim, talk.bot.user_id, room)
        await compared.asks()
        await talk.bot.gets(await _said(talk, "after the group's"))

    assert not talk.matrix._sync.verifications._open


@pytest.mark.parametrize(
    ("step", "content"),
    [
        ("request", {"methods": ["m.sas.v1"], "from_device": "X", "timestamp": "now"}),
        ("request", {"methods": ["m.sas.v1"], "from_device": "X", "timestamp": -(2**53) + 1}),
        ("request", {"methods": [[]], "from_device": {}, "timestamp": 1}),
        ("start", {"from_device": None}),
        ("mac", {"mac": [], "keys": {}}),
        ("nothing that exists", {}),
    ],
)
async def test_nonsense_between_devices_stops_nothing(
    talk: Talk, step: str, content: dict[str, Any]
) -> None:
    await Comparing(talk.aigerim, talk.bot.user_id).says(step, content)
    await talk.bot.gets(await _said(talk, f"after {step} {content}"))

    assert not talk.matrix._sync.verifications._open


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": 1, "sender": "@a:b", "content": {}},
        {"type": f"{PREFIX}start", "sender": None, "content": {"transaction_id": "t"}},
        {"type": f"{PREFIX}start", "sender": "@a:b", "content": []},
        {"type": f"{PREFIX}start", "sender": "@a:b", "content": {"transaction_id": "t" * 256}},
        {"type": "m.room_key", "sender": "@a:b", "content": {"transaction_id": "t"}},
    ],
)
async def test_what_has_not_the_form_of_a_step_is_none(event: dict[str, Any]) -> None:
    assert said_by_device(event) is None
    in_room = SimpleNamespace(source=event, sender="@a:b", event_id="$e", server_timestamp=1)
    assert said_in_room("!room", in_room, "@bot:b") is None


async def test_a_time_beyond_all_time_is_none() -> None:
    content = {"transaction_id": "t", "timestamp": 10**400}
    said = said_by_device({"type": f"{PREFIX}request", "sender": "@a:b", "content": content})

    assert said is not None
    assert said.sent_at == 0


async def test_the_librarys_own_comparing_is_of_no_use_yet() -> None:
    """If this fails, matrix-nio draws the right emoji now: look whether ours is still needed."""
    device = SimpleNamespace(user_id="@a:b", device_id="A")
    library = Sas("@bot:b", "BOT", "", device, "t")
    other = vodozemac.Sas()
    library.establish_sas(other.public_key.to_base64())
    library.chosen_key_agreement = Sas._key_agreement_v2
    raw = library.established_sas.bytes(library._extra_info).emoji_indices

    assert [it for it, _ in library.get_emoji()] != [Sas.emoji[at][0] for at in raw]
    assert tuple(it.replace("\ufe0f", "") for it, _ in Sas.emoji) == EMOJI
    request = {"type": f"{PREFIX}request", "sender": "@a:b", "content": {"transaction_id": "t"}}
    assert isinstance(nio.ToDeviceEvent.parse_event(request), nio.UnknownToDeviceEvent)


async def test_a_device_that_is_not_known_proves_nothing() -> None:
    """Its owner's homeserver names no such device: then nobody can say which key is its own."""
    ours, theirs = Side("@bot:b", "BOT", {"ed25519:BOT": "k"}), Side("@a:b", "A", {})
    other = vodozemac.Sas()
    comparison = Comparison("t")
    comparison.accept(START)
    public = other.public_key.to_base64()
    secret = other.diffie_hellman(
        vodozemac.Curve25519PublicKey.from_base64(comparison.exchange({"key": public})["key"])
    )
    info = "MATRIX_KEY_VERIFICATION_MAC@a:bA@bot:bBOTt"
    mac = {"ed25519:A": secret.calculate_mac("key", f"{info}ed25519:A")}
    keys = secret.calculate_mac("ed25519:A", f"{info}KEY_IDS")

    comparison.hear({"mac": mac, "keys": keys})
    with pytest.raises(Exception, match="which key is its own"):
        comparison.confirm(ours, theirs)


async def _said(talk: Talk, text: str) -> str:
    """Somebody writes this: once it is read, so is everything before it."""
    await talk.aigerim.writes(talk.room, text)
    return text
