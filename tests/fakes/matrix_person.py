"""Somebody on Matrix with a stock client, encryption included, for tests."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import aiohttp
import nio
from nio.crypto import decrypt_attachment

if TYPE_CHECKING:
    from tests.fakes.synapse import Homeserver


@dataclass(frozen=True)
class Account:
    """A registered user of the homeserver."""

    user_id: str
    password: str


@dataclass(frozen=True)
class Heard:
    """One message as a person's client shows it."""

    event_id: str
    room_id: str
    sender: str
    body: str
    formatted_body: str
    msgtype: str
    encrypted: bool
    replaces: str  # event id of the message this one edits, or ""
    content: dict[str, Any]  # the new content, for an edit


class MatrixPerson:
    """Somebody with a stock encrypted client: `async with MatrixPerson(…) as aigerim: …`."""

    def __init__(
        self, homeserver: Homeserver, account: Account, store: Path, *, url: str = ""
    ) -> None:
        store.mkdir(parents=True, exist_ok=True)
        config = nio.AsyncClientConfig(encryption_enabled=True, request_timeout=30)
        self.user_id = account.user_id
        self.client = nio.AsyncClient(
            url or homeserver.url, account.user_id, store_path=str(store), config=config
        )
        self._password = account.password
        self._heard: list[Heard] = []
        self._reactions: list[tuple[str, str]] = []  # of others: to what, and the key
        self._lost: set[str] = set()
        self.steps: list[tuple[str, str, dict[str, Any]]] = []  # of comparing keys: kind, sender
        self._since: str | None = None

    async def __aenter__(self) -> Self:
        answer = await self.client.login(self._password)
        assert isinstance(answer, nio.LoginResponse), answer
        await self.looks(0)
        await self.looks(0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.client.close()
        if self.client.store is not None:
            self.client.store.database.close()

    async def talks_to(self, bot: str, *, encrypted: bool = True) -> str:
        """Open a direct chat with the bot; returns its room id once the bot has joined."""
        room_id = await self.opens_room(invite=[bot], encrypted=encrypted, direct=True)
        await self.sees_member(room_id, bot)
        return room_id

    async def opens_room(
        self,
        *,
        invite: Sequence[str] = (),
        encrypted: bool = False,
        direct: bool = False,
        levels: dict[str, Any] | None = None,
        instead_of: str = "",
    ) -> str:
        """Create a room and invite these users; returns its id."""
        state = [_ENCRYPTED] if encrypted else []
        answer = await self.client.room_create(
            is_direct=direct,
            invite=list(invite),
            initial_state=state,
            preset=nio.RoomPreset.private_chat,
            power_level_override=levels,
            predecessor={"room_id": instead_of, "event_id": "$last"} if instead_of else None,
        )
        assert isinstance(answer, nio.RoomCreateResponse), answer
        await self.sees_member(answer.room_id, self.user_id)
        return str(answer.room_id)

    async def closes_room(self, room_id: str, replacement: str) -> None:
        """Say that the room goes on in another one."""
        content = {"body": "moved", "replacement_room": replacement}
        answer = await self.client.room_put_state(room_id, "m.room.tombstone", content)
        assert isinstance(answer, nio.RoomPutStateResponse), answer

    async def upgrades(self, room_id: str, version: str = "11") -> str:
        """Let the homeserver replace the room, as Element does; the new room's id."""
        path = f"/_matrix/client/v3/rooms/{quote(room_id)}/upgrade"
        path += f"?access_token={self.client.access_token}"
        body = json.dumps({"new_version": version})
        answer = await self.client.send("POST", path, body)
        return str((await answer.json())["replacement_room"])

    async def sees_member(self, room_id: str, user_id: str, within: float = 15) -> None:
        """Wait until this user has joined the room."""

        def joined() -> bool:
            room = self.client.rooms.get(room_id)
            return room is not None and user_id in room.users and user_id not in room.invited_users

        await self.looks_until(joined, within)

    async def joins(self, room_id: str) -> None:
        """Join a room one is invited to."""
        answer = await self.client.join(room_id)
        assert isinstance(answer, nio.JoinResponse), answer
        await self.sees_member(room_id, self.user_id)

    async def writes(self, room_id: str, text: str, **more: object) -> str:
        """Write a message; `more` goes into its content. Returns the event id."""
        content = {"msgtype": "m.text", "body": text, **more}
        answer = await self.client.room_send(
            room_id, "m.room.message", content, ignore_unverified_devices=True
        )
        assert isinstance(answer, nio.RoomSendResponse), answer
        return str(answer.event_id)

    async def writes_in_the_clear(self, room_id: str, text: str) -> str:
        """Write without encryption, whatever the room wants: what a homeserver could forge."""
        content = {"msgtype": "m.text", "body": text}
        method, path, body = nio.Api.room_send(
            self.client.access_token, room_id, "m.room.message", content, secrets.token_hex(8)
        )
        answer = await self.client._send(nio.RoomSendResponse, method, path, body, (room_id,))
        assert isinstance(answer, nio.RoomSendResponse), answer
        return str(answer.event_id)

    async def reacts(self, room_id: str, event_id: str, key: str) -> str:
        """React to a message, in the clear as every client does; returns the event id."""
        about = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        answer = await self.client.room_send(
            room_id, "m.reaction", {"m.relates_to": about}, ignore_unverified_devices=True
        )
        assert isinstance(answer, nio.RoomSendResponse), answer
        return str(answer.event_id)

    async def replies(self, room_id: str, event_id: str, text: str) -> str:
        """Answer a message."""
        relation = {"m.in_reply_to": {"event_id": event_id}}
        return await self.writes(room_id, text, **{"m.relates_to": relation})

    async def sees_reactions(self, event_id: str, count: int, within: float = 15) -> list[str]:
        """What others have reacted to a message with, as soon as there are so many."""

        def seen() -> list[str]:
            return [key for to, key in self._reactions if to == event_id]

        await self.looks_until(lambda: len(seen()) >= count, within)
        return seen()

    async def edits(self, room_id: str, event_id: str, text: str) -> str:
        """Change an own message."""
        return await self.writes(
            room_id,
            f"* {text}",
            **{
                "m.new_content": {"msgtype": "m.text", "body": text},
                "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
            },
        )

    async def hears(
        self,
        room_id: str,
        what: str | Callable[[Heard], bool],
        within: float = 15,
        *,
        sender: str = "",
    ) -> Heard:
        """The first message in the room, not one's own, that contains or satisfies `what`."""

        def fits(heard: Heard) -> bool:
            found = what in heard.body if isinstance(what, str) else what(heard)
            return heard.room_id == room_id and heard.sender == (sender or heard.sender) and found

        await self.looks_until(lambda: any(map(fits, self._heard)), within)
        return next(filter(fits, self._heard))

    async def settles(self, seconds: float = 1) -> None:
        """Go on looking for a while: for what must *not* come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            await self.looks(200)

    def heard(self, room_id: str) -> list[Heard]:
        """Everything of others heard in this room so far, in order."""
        return [one for one in self._heard if one.room_id == room_id]

    def unreadable(self, room_id: str) -> bool:
        """Was there a message in this room that could not be decrypted?"""
        return room_id in self._lost

    async def downloads(self, heard: Heard) -> bytes:
        """The file of a message, decrypted if need be."""
        file = heard.content.get("file")
        answer = await self.client.download(file["url"] if file else heard.content["url"])
        assert isinstance(answer, nio.DownloadResponse), answer
        body: bytes = answer.body
        if file is None:
            return body
        plain: bytes = decrypt_attachment(
            body, file["key"]["k"], file["hashes"]["sha256"], file["iv"]
        )
        return plain

    def forgets(self) -> None:
        """Take no notice of what was said so far, readable or not."""
        self._heard.clear()
        self._lost.clear()

    async def takes_all_keys_of(self, user_id: str) -> None:
        """Claim one-time keys of somebody's devices until none is left, as a nuisance would."""
        async with aiohttp.ClientSession(
            self.client.homeserver,
            headers={"Authorization": f"Bearer {self.client.access_token}"},
        ) as session:
            path = "/_matrix/client/v3/keys/"
            body: dict[str, Any] = {"device_keys": {user_id: []}}
            async with session.post(path + "query", json=body) as answer:
                devices = (await answer.json())["device_keys"].get(user_id, {})
            wanted = dict.fromkeys(devices, "signed_curve25519")
            body = {"one_time_keys": {user_id: wanted}}
            while wanted:
                async with session.post(path + "claim", json=body) as answer:
                    found = (await answer.json())["one_time_keys"].get(user_id, {})
                last = [it for it, keys in found.items() if _is_last(keys)]
                for device in [*(wanted.keys() - found.keys()), *last]:
                    del wanted[device]

    async def is_robbed_of_keys(self) -> None:
        """All one-time keys of this device are claimed by somebody; it has no other."""
        wanted = {self.user_id: {self.client.device_id: "signed_curve25519"}}
        headers = {"Authorization": f"Bearer {self.client.access_token}"}
        async with aiohttp.ClientSession(self.client.homeserver, headers=headers) as session:
            found = True
            while found:
                path, body = "/_matrix/client/v3/keys/claim", {"one_time_keys": wanted}
                async with session.post(path, json=body) as answer:
                    found = bool((await answer.json())["one_time_keys"])

    async def looks(self, milliseconds: int = 1000) -> None:
        """One sync, and the key work a client does after it."""
        answer = await self.client.sync(
            timeout=milliseconds, since=self._since, full_state=self._since is None
        )
        assert isinstance(answer, nio.SyncResponse), answer
        self._since = answer.next_batch
        for event in answer.to_device_events:
            self._take_step(event)
        for room_id, room in answer.rooms.join.items():
            for event in room.timeline.events:
                self._take_step(event)
                self._take(room_id, event)
        await self._tends_keys()

    async def _tends_keys(self) -> None:
        await self.client.send_to_device_messages()
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        if self.client.should_query_keys:
            await self.client.keys_query()
        if self.client.should_claim_keys:
            await self.client.keys_claim(self.client.get_users_for_key_claiming())

    def _take_step(self, event: Any) -> None:  # noqa: ANN401 -- the library has no types
        kind = str(event.source.get("type"))
        if kind.startswith("m.key.verification."):
            self.steps.append((kind, event.sender, event.source["content"]))

    def _take(self, room_id: str, event: Any) -> None:  # noqa: ANN401 -- the library has no types
        if isinstance(event, nio.MegolmEvent) and event.sender != self.user_id:
            self._lost.add(room_id)
        if isinstance(event, nio.ReactionEvent) and event.sender != self.user_id:
            self._reactions.append((event.reacts_to, event.key))
        content = event.source.get("content", {})
        if event.sender == self.user_id or "msgtype" not in content:
            return
        self._heard.append(_heard(room_id, event, content))

    async def looks_until(self, done: Callable[[], bool], within: float = 15) -> None:
        """Go on looking until this is so."""
        async with asyncio.timeout(within):
            while not done():
                await self.looks()


_ENCRYPTED = {
    "type": "m.room.encryption",
    "state_key": "",
    "content": {"algorithm": "m.megolm.v1.aes-sha2"},
}


def _is_last(keys: dict[str, Any]) -> bool:
    """Is this the key that the homeserver gives to everybody when no other is left?"""
    return any(key.get("fallback") for key in keys.values())


def _heard(room_id: str, event: Any, content: dict[str, Any]) -> Heard:  # noqa: ANN401 -- as above
    relation = content.get("m.relates_to", {})
    replaces = relation["event_id"] if relation.get("rel_type") == "m.replace" else ""
    shown = content.get("m.new_content", content) if replaces else content
    return Heard(
        event_id=event.event_id,
        room_id=room_id,
        sender=event.sender,
        body=shown.get("body", ""),
        formatted_body=shown.get("formatted_body", ""),
        msgtype=shown["msgtype"],
        encrypted=bool(event.decrypted),
        replaces=replaces,
        content=shown,
    )
