"""A homeserver that lies about who wrote what: nothing it makes up is an organiser's command.

Aigerim is the organiser, and Mallory has an account on the same server, whose operator helps
her: what the bot is told in /sync and /keys/query is changed on the way.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.matrix import sync
from handlers.message import Request
from storage.database import Database
from tests.fakes.matrix_bot import Bot
from tests.fakes.matrix_identity import MatrixIdentity
from tests.fakes.proxy import FaultyProxy
from tests.fakes.synapse import Homeserver, MatrixPerson
from tests.people import World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now."
PREVIEW = "Preview of alert"
Lie = Callable[[dict[str, Any]], None]


@dataclass
class Scene:
    """Everybody, their rooms with the bot, and what the bot decides about what it reads."""

    bot: Bot
    proxy: FaultyProxy
    world: World
    aigerim: MatrixPerson
    mallory: MatrixPerson
    own_room: str
    her_room: str

    async def judged(self, event_id: str) -> tuple[Request, str]:
        """How the bot read this event, and what it answers as the dispatcher decides."""
        request = await self.bot.gets(event_id)
        await self.world.intake.receiver("matrix")([request], None)
        while await self.world.intake.handle_next("matrix"):
            pass
        await self.world.deliver()
        return request, words(self.world.mailbox[request.address][-1])

    async def refuses(self, event_id: str, why: str) -> None:
        """The bot takes it for Aigerim's words, and does not do them."""
        request, answer = await self.judged(event_id)
        assert request.sender == self.aigerim.user_id
        assert PREVIEW not in answer
        assert why in answer

    async def does(self, event_id: str) -> None:
        assert PREVIEW in (await self.judged(event_id))[1]


@pytest.fixture
async def proxy(homeserver: Homeserver) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(homeserver.url) as proxy:
        yield proxy


@pytest.fixture
async def scene(
    homeserver: Homeserver,
    proxy: FaultyProxy,
    database: Database,
    tmp_path: Path,
) -> AsyncIterator[Scene]:
    """Aigerim has cross-signed keys and is known by them."""
    bot = Bot(proxy.url, await homeserver.register("tocsin"), tmp_path / "bot")
    world = World(database, platform="matrix")
    await world.knows(sample())
    her_account, mallorys = await homeserver.register("aigerim"), await homeserver.register("m")
    async with (
        MatrixPerson(homeserver, her_account, tmp_path / "aigerim") as aigerim,
        MatrixPerson(homeserver, mallorys, tmp_path / "mallory") as mallory,
    ):
        await MatrixIdentity(aigerim.user_id).establish(aigerim, her_account.password)
        async with bot.running():
            await bot.follows()
            own_room = await aigerim.talks_to(bot.user_id)
            her_room = await mallory.talks_to(bot.user_id)
            scene = Scene(bot, proxy, world, aigerim, mallory, own_room, her_room)
            await world.organiser(aigerim.user_id)
            await scene.does(await aigerim.writes(own_room, ALERT))
            yield scene


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_a_lying_homeserver_makes_up_is_nobodys_command(scene: Scene) -> None:
    for refused in (
        _foreign_session,
        _session_of_an_unknown_device,
        _in_the_clear,
        _in_a_room_said_to_be_plain,
        _invented_device,
        _replaced_identity,
        _true_words_under_a_false_key,
    ):
        await refused(scene)
        scene.proxy.tells_the_truth()
    _asks_again(scene)
    await scene.does(await scene.aigerim.writes(scene.own_room, ALERT))


async def _foreign_session(scene: Scene) -> None:
    """Mallory's own words under Aigerim's name."""
    scene.proxy.lies("/sync", _said_by(scene.aigerim, room=scene.her_room))
    event_id = await scene.mallory.writes(scene.her_room, ALERT)
    await scene.refuses(event_id, "I could not find out who wrote this")


async def _session_of_an_unknown_device(scene: Scene) -> None:
    scene.proxy.lies("/sync", _said_by(scene.aigerim, room=scene.her_room, device="UNKNOWN"))
    event_id = await scene.mallory.writes(scene.her_room, ALERT)
    await scene.refuses(event_id, "I could not find out who wrote this")


async def _in_the_clear(scene: Scene) -> None:
    event_id = await scene.aigerim.writes_in_the_clear(scene.own_room, ALERT)
    await scene.refuses(event_id, "was not encrypted although the room is")


async def _in_a_room_said_to_be_plain(scene: Scene) -> None:
    """A room that never was encrypted, with the words in the clear."""
    room = await scene.mallory.talks_to(scene.bot.user_id, encrypted=False)
    scene.proxy.lies("/sync", _said_by(scene.aigerim, room=room))
    event_id = await scene.mallory.writes(room, ALERT)
    await scene.refuses(event_id, "this chat is not encrypted")


async def _invented_device(scene: Scene) -> None:
    """Mallory's device is published as one of Aigerim's, which it signs itself."""
    scene.proxy.lies("/sync", _said_by(scene.aigerim, room=scene.her_room, device="NEW"))
    scene.proxy.lies("/keys/query", _owns_device_of(scene.aigerim.user_id, scene.mallory))
    _asks_again(scene)
    event_id = await scene.mallory.writes(scene.her_room, ALERT)
    await scene.refuses(event_id, "a session that I do not know as yours")


async def _replaced_identity(scene: Scene) -> None:
    """All of Aigerim's keys are said to be others, and these vouch for Mallory's device."""
    false = MatrixIdentity(scene.aigerim.user_id)
    scene.proxy.lies("/sync", _said_by(scene.aigerim, room=scene.her_room, device="NEW"))
    scene.proxy.lies("/keys/query", _owns_device_of(false.owner, scene.mallory, false))
    _asks_again(scene)
    event_id = await scene.mallory.writes(scene.her_room, ALERT)
    request, _ = await scene.judged(event_id)
    assert request.proof is not None
    assert request.proof.keys[0] == false.master.public  # it holds together, and is not hers
    event_id = await scene.mallory.writes(scene.her_room, ALERT)
    await scene.refuses(event_id, "a session that I do not know as yours")


async def _true_words_under_a_false_key(scene: Scene) -> None:
    """Aigerim's device is published with Mallory's signing key: her words would be Mallory's."""
    scene.proxy.lies(
        "/keys/query", _owns_device_of(scene.aigerim.user_id, scene.mallory, of=scene.aigerim)
    )
    _asks_again(scene)
    event_id = await scene.aigerim.writes(scene.own_room, ALERT)
    await scene.refuses(event_id, "I could not find out who wrote this")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_true_command_is_not_done_again_when_it_is_brought_again(scene: Scene) -> None:
    kept: list[dict[str, Any]] = []
    scene.proxy.lies("/sync", _keeps(kept, scene.own_room))
    await scene.does(await scene.aigerim.writes(scene.own_room, ALERT))
    assert kept

    await _repeated(scene, kept[-1], "$repeated")
    assert not [one for one in scene.bot.inbox if one.event_id == "$repeated"]
    assert scene.bot.listening is not None
    scene.bot.listening.cancel()  # what the client library remembers ends with the process
    async with scene.bot.running():
        await _repeated(scene, kept[-1], "$repeated-again")
        await scene.refuses("$repeated-again", "I have read this very message before")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_two_messages_with_one_name_prove_nothing(scene: Scene) -> None:
    """Else an old one, after a restart, would be judged by the place of the new one."""
    kept: list[dict[str, Any]] = []
    scene.proxy.lies("/sync", _keeps(kept, scene.own_room))
    await scene.does(await scene.aigerim.writes(scene.own_room, ALERT))
    assert scene.bot.listening is not None
    scene.bot.listening.cancel()
    old = {**kept[-1], "event_id": "$both"}

    def lie(said: dict[str, Any]) -> None:
        for events in _timelines(said, scene.own_room):
            sealed = [it for it in events if it["type"] == "m.room.encrypted"]
            if sealed and sealed[-1] != old:
                sealed[-1]["event_id"] = "$both"
                events.insert(0, copy.deepcopy(old))

    scene.proxy.tells_the_truth()
    async with scene.bot.running():
        await scene.aigerim.writes(scene.own_room, "hello again")
        await scene.bot.gets("hello again")
        scene.proxy.lies("/sync", lie)
        await scene.aigerim.writes(scene.own_room, "!help")
        await scene.refuses("$both", "I could not find out who wrote this")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_true_command_is_not_carried_into_another_room(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer, an invitation's code say, would be read by whoever is in that one."""
    kept: list[dict[str, Any]] = []
    scene.proxy.lies("/sync", _keeps(kept, scene.own_room))
    await scene.does(await scene.aigerim.writes(scene.own_room, ALERT))
    scene.proxy.tells_the_truth()
    assert scene.bot.listening is not None
    scene.bot.listening.cancel()
    monkeypatch.setattr(sync, "TIMELINE_EVENTS", 1)
    carried = {**kept[-1], "event_id": "$carried", "room_id": scene.own_room}

    def lie(said: dict[str, Any]) -> None:
        said["chunk"] = [copy.deepcopy(carried), *said["chunk"]]

    scene.proxy.lies("/messages", lie)
    for number in range(3):
        await scene.mallory.writes(scene.her_room, f"!line {number}")
    async with scene.bot.running():
        await scene.bot.gets("!line 2")
    assert "!line 1" in scene.bot.texts()
    assert not [it for it in scene.bot.inbox if it.event_id == "$carried"]


async def _repeated(scene: Scene, event: dict[str, Any], event_id: str) -> None:
    """The homeserver brings an event once more, under another id, before the next one."""
    again = {**event, "event_id": event_id}

    def lie(said: dict[str, Any]) -> None:
        for events in _timelines(said, scene.own_room):
            if events and again not in events:
                events.insert(0, copy.deepcopy(again))

    scene.proxy.tells_the_truth()
    scene.proxy.lies("/sync", lie)
    marker = f"after {event_id}"
    await scene.aigerim.writes(scene.own_room, marker)
    await scene.bot.gets(marker)
    scene.proxy.tells_the_truth()


def _asks_again(scene: Scene) -> None:
    """The homeserver says that Aigerim's devices have changed, so that the bot asks."""

    def lie(said: dict[str, Any]) -> None:
        said.setdefault("device_lists", {})["changed"] = [scene.aigerim.user_id]

    scene.proxy.lies("/sync", lie)


def _said_by(person: MatrixPerson, *, room: str, device: str = "") -> Lie:
    """Whatever is said in this room was said by this person, on this device."""

    def lie(said: dict[str, Any]) -> None:
        for event in (event for events in _timelines(said, room) for event in events):
            if event["type"] in {"m.room.encrypted", "m.room.message"}:
                event["sender"] = person.user_id
                if device:
                    event["content"]["device_id"] = device

    return lie


def _owns_device_of(
    owner: str,
    mallory: MatrixPerson,
    by: MatrixIdentity | None = None,
    *,
    of: MatrixPerson | None = None,
) -> Lie:
    """Mallory's device is the owner's, by its own signature and that of `by`.

    It decrypts with Mallory's own key, or with that `of` somebody else.
    """
    olm, decrypts = mallory.client.olm, (of or mallory).client.olm
    assert olm is not None
    assert decrypts is not None
    name = (of.client.device_id if of else "") or "NEW"
    device: dict[str, Any] = {
        "user_id": owner,
        "device_id": name,
        "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
        "keys": {
            f"curve25519:{name}": decrypts.account.identity_keys["curve25519"],
            f"ed25519:{name}": olm.account.identity_keys["ed25519"],
        },
    }
    device["signatures"] = {owner: {f"ed25519:{name}": olm.sign_json(device)}}

    def lie(said: dict[str, Any]) -> None:
        if owner not in said.get("device_keys", {}):
            return
        said["device_keys"][owner][name] = by.self_signing.signed(device) if by else device
        if by:
            said["master_keys"][owner] = by.published()["master_key"]
            said["self_signing_keys"][owner] = by.published()["self_signing_key"]

    return lie


def _keeps(kept: list[dict[str, Any]], room: str) -> Lie:
    def lie(said: dict[str, Any]) -> None:
        for events in _timelines(said, room):
            kept.extend(copy.deepcopy(it) for it in events if it["type"] == "m.room.encrypted")

    return lie


def _timelines(said: dict[str, Any], room: str) -> list[list[dict[str, Any]]]:
    rooms = said.get("rooms", {}).get("join", {})
    return [rooms[room]["timeline"]["events"]] if room in rooms else []
