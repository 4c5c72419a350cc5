"""The client library with the holes closed that would cost messages, secrets or the device.

Every override is held by a test against a real homeserver and names what it prevents.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import nio
from aiohttp import ClientError
from nio.api import Api, RelationshipType
from nio.responses import RoomEventRelationsResponse

from bot.platforms.matrix.account import Device
from bot.platforms.matrix.errors import NobodyCanRead, NotSent, is_error, is_not_found
from bot.platforms.matrix.identity import Identities
from bot.platforms.matrix.opening import open_safely
from bot.platforms.matrix.patience import Patience
from bot.platforms.matrix.silence import Silence, server_of
from bot.platforms.matrix.strict import StrictClient
from storage.crashpoints import crashpoint

log = logging.getLogger(__name__)

# What the library logs names rooms, people and devices; the errors that matter we log ourselves.
logging.getLogger("nio").setLevel(logging.CRITICAL + 1)
logging.getLogger("peewee").setLevel(logging.CRITICAL + 1)

_EDITS = RelationshipType.replacement


class SafeClient(StrictClient):
    """An encrypted client that never sends in the clear where it must not, and never hangs."""

    access_token: str

    def __init__(
        self, homeserver: str, device: Device, store: Path, pickle_key: str, patience: Patience
    ) -> None:
        self._patience = patience
        config = nio.AsyncClientConfig(
            max_limit_exceeded=0,
            max_timeouts=0,
            request_timeout=patience.request,
            encryption_enabled=True,
            pickle_key=pickle_key,
            store_name=store.name,
            store_sync_tokens=False,
        )
        directory = str(store.parent)
        super().__init__(homeserver, device.user_id, store_path=directory, config=config)
        self.restore_login(device.user_id, device.device_id, device.access_token)
        if self.olm is None or self.store is None:
            raise RuntimeError("the encryption store did not load")
        self.ever_encrypted: set[str] = set(self.encrypted_rooms)
        self.identities = Identities(self)
        self.invite_states: dict[str, list[dict[str, Any]]] = {}  # of the last sync, as it came
        self.device_events: list[dict[str, Any]] = []  # of the last sync, as they came
        self.olm.message_index_ok = self._numbered
        self.olm.handle_key_verification = _not_ours  # verification.py does that
        self.olm.decrypt_megolm_event = partial(open_safely, self.olm)
        self._needs_fallback = False
        self._keys = asyncio.Lock()  # two key requests at once trip over each other
        self._silence = Silence(server_of(device.user_id), patience.silence)
        self._changed: set[str] = set()  # whose devices changed since a query was sent
        self.olm.add_changed_users = self._note_changes
        self._has_claimed = False  # for the room whose key is being shared
        self._partly: dict[str, float] = {}  # rooms where not all were given the key: try when

    async def close(self) -> None:
        """Close the connections and the store."""
        await super().close()
        self.store.database.close()

    # ------------------------------------------------------------------------------ sending

    async def room_send(
        self,
        room_id: str,
        message_type: str,
        content: dict[Any, Any],
        tx_id: str | None = None,
        ignore_unverified_devices: bool = True,  # noqa: FBT001, FBT002, ARG002 -- the library's signature
    ) -> Any:  # noqa: ANN401 -- as above
        """Send, encrypted if the room is or ever was; raises `NotSent` if that is impossible."""
        message_type, content = await self._sealed(room_id, message_type, content)
        method, path, body = Api.room_send(
            self.access_token, room_id, message_type, content, tx_id
        )
        answer = await self._send(nio.RoomSendResponse, method, path, body, (room_id,))
        crashpoint("message-sent")
        return answer

    async def own_edits(self, room_id: str, event_id: str) -> list[str]:
        """The events by which we changed a message. Raises `NotSent` if nobody tells us."""
        found: list[str] = []
        start: str | None = ""
        while start is not None:
            ask = Api.room_get_event_relations(
                self.access_token, room_id, event_id, _EDITS, paginate_from=start, limit=100
            )
            answer = await self._send(
                RoomEventRelationsResponse, *ask, response_data=(room_id, event_id)
            )
            if is_not_found(answer):
                break  # there is no such message
            if is_error(answer):
                raise NotSent("the changes of a message are not known", answer)
            found += [one.event_id for one in answer.events if one.sender == self.user_id]
            start = answer.next_batch
        return found

    async def _sealed(
        self, room_id: str, message_type: str, content: dict[Any, Any]
    ) -> tuple[str, dict[Any, Any]]:
        room = self.rooms.get(room_id)
        if room is None:
            raise NotSent("the room was left meanwhile")
        if not room.encrypted:
            if room_id in self.ever_encrypted:
                raise NotSent("the room's encryption is not known yet")
            return message_type, content
        async with self._keys:
            await self._share_safely(room)
            return "m.room.encrypted", self._encrypted(room_id, message_type, content)

    def is_cold(self, room_id: str) -> bool:
        """Must a key be handed over before anything can be said here?"""
        room = self.rooms.get(room_id)
        if room is None or not room.encrypted:
            return False
        return self._is_due(room_id) or bool(self.olm.should_share_group_session(room_id))

    def _is_due(self, room_id: str) -> bool:
        """Is it time to offer the key again to those who could not be given it?"""
        return self._partly.get(room_id, float("inf")) <= time.monotonic()

    def _offer_again(self, room_id: str) -> None:
        del self._partly[room_id]
        session = self.olm.outbound_group_sessions.get(room_id)
        if session is not None:
            session.shared = False  # the same key, to those who have not got it

    async def warm(self, room_id: str) -> None:
        """Hand over the key for what will be said later. Raises `NotSent` if that fails."""
        async with self._keys:
            if self.is_cold(room_id):
                await self._share_safely(self.rooms[room_id])

    async def _share_safely(self, room: Any) -> None:  # noqa: ANN401 -- the library has no types
        try:
            async with asyncio.timeout(self._patience.keys):
                await self._share_key(room)
        except NotSent:
            raise
        except (ClientError, TimeoutError) as error:
            raise NotSent(f"the room's keys are on the way ({type(error).__name__})") from None
        except Exception as error:  # a stranger's malformed device spoils only its own room
            raise NotSent(f"the room's keys made no sense ({type(error).__name__})") from None

    def _encrypted(
        self, room_id: str, message_type: str, content: dict[Any, Any]
    ) -> dict[Any, Any]:
        """As the library does it, but in UTF-8: escaped Cyrillic would be three times as long."""
        session = self.olm.outbound_group_sessions[room_id]
        inner = {"room_id": room_id, "type": message_type, "content": content}
        plaintext = json.dumps(inner, ensure_ascii=False, separators=(",", ":"))
        outer = {
            "algorithm": "m.megolm.v1.aes-sha2",
            "sender_key": self.olm.account.identity_keys["curve25519"],
            "ciphertext": session.encrypt(plaintext),
            "session_id": session.id,
            "device_id": self.device_id,
        }
        if "m.relates_to" in content:  # the homeserver must see which message is edited
            outer["m.relates_to"] = content["m.relates_to"]
        return outer

    async def _share_key(self, room: Any) -> None:  # noqa: ANN401 -- the library has no types
        """Make sure that everybody in the room can read what comes next."""
        if not room.members_synced:
            _check(await self.joined_members(room.room_id), "the members are not known")
        if self.should_query_keys:
            _check(await self.keys_query(), "the members' devices are not known")
        if self._is_due(room.room_id):
            self._offer_again(room.room_id)
        if not self.olm.should_share_group_session(room.room_id):
            return
        missing = self.get_missing_sessions(room.room_id)
        if missing:
            await self.keys_claim(missing)
        self._has_claimed = True
        try:
            await self.share_group_session(room.room_id, ignore_unverified_devices=True)
        finally:  # left behind by a failure, it would block this room for ever
            self._has_claimed = False
            waiting = self.sharing_session.pop(room.room_id, None)
            if waiting:
                waiting.set()
        self._check_shared(room)
        crashpoint("key-shared")

    def get_missing_sessions(self, room_id: str) -> dict[str, list[str]]:
        """Devices to claim keys of: none of silent homeservers, and none twice."""
        if self._has_claimed:
            return {}
        missing = super().get_missing_sessions(room_id)
        return {user: ids for user, ids in missing.items() if not self._silence.covers(user)}

    def _check_shared(self, room: Any) -> None:  # noqa: ANN401 -- as above
        """The library swallows a key that could not be delivered; its reader would see nothing."""
        reached = self.olm.outbound_group_sessions[room.room_id].users_shared_with
        devices = [
            (user, device)
            for user in room.users
            for device in self.olm.device_store.active_user_devices(user)
            if device.id != self.device_id
        ]
        missing = [device for user, device in devices if (user, device.id) not in reached]
        if any(self.olm.session_store.get(device.curve25519) for device in missing):
            self.invalidate_outbound_session(room.room_id)
            raise NotSent("the room's key did not reach every device")
        if not any(user != self.user_id for user, _ in reached):
            self.invalidate_outbound_session(room.room_id)
            raise NobodyCanRead("no device in the room can be given its key")
        if missing:
            log.warning("%d devices have no keys and cannot read the bot", len(missing))
        if missing or any(user in self.users_for_key_query for user in room.users):
            # No key left to claim, or a homeserver that did not answer: later there may be.
            self._partly[room.room_id] = time.monotonic() + self._patience.share_again

    # --------------------------------------------------------------------------------- keys

    async def keys_claim(self, user_set: Any) -> Any:  # noqa: ANN401 -- the library's signature
        """Claim keys. Raises `NotSent` where the library would go on without them."""
        answer = await super().keys_claim(user_set)
        _check(answer, "the members' keys cannot be claimed")
        self._silence.note(_table(answer.failures))
        return answer

    @property
    def should_query_keys(self) -> bool:
        """Is there anybody whose keys are asked for, on a homeserver that answers?"""
        return any(not self._silence.covers(user) for user in self.users_for_key_query)

    async def keys_query(self) -> Any:  # noqa: ANN401 -- the library has no types
        """Ask for keys: of silent homeservers not, and again where they changed meanwhile."""
        asked = self.olm.users_for_key_query
        silent = {user for user in asked if self._silence.covers(user)}
        asked -= silent
        self._changed.clear()
        try:
            answer = await super().keys_query()
        finally:
            asked |= silent | self._changed
        if not is_error(answer):
            self._silence.note(_table(answer.failures))
        return answer

    def _note_changes(self, users: set[str]) -> None:
        self._changed |= users
        type(self.olm).add_changed_users(self.olm, users)

    async def tend_keys(self) -> None:
        """What a client owes after each sync: upload, query and claim keys, answer devices."""
        async with self._keys, asyncio.timeout(self._patience.keys):
            if self.should_upload_keys or self._needs_fallback:
                await self.keys_upload()
            if self.should_query_keys:
                await self.keys_query()
            if self.should_claim_keys:
                await self.keys_claim(self.get_users_for_key_claiming())
            await self.send_to_device_messages()

    async def learn_keys(self, users: set[str]) -> None:
        """Ask for these users' keys. What fails is logged: their messages prove nothing then."""
        try:
            async with asyncio.timeout(self._patience.learn), self._keys:
                self.olm.users_for_key_query |= users
                if self.should_query_keys:
                    _check(await self.keys_query(), "the keys cannot be asked for")
        except Exception as error:
            log.warning("the writers' keys could not be asked for (%s)", type(error).__name__)

    def _numbered(self, index: int, event: nio.MegolmEvent) -> bool:
        """Note each message's place in its chain; the library looks whether it comes twice."""
        self.identities.number(index, event)
        return bool(type(self.olm).message_index_ok(self.olm, index, event))

    async def keys_upload(self) -> Any:  # noqa: ANN401 -- the library has no types
        """Upload keys, saved first: a crash in between must not leave keys we do not hold."""
        keys = self.olm.share_keys() if self.should_upload_keys else {}
        if self._needs_fallback:
            keys["fallback_keys"] = self._fallback_key()
        self.olm.save_account()
        crashpoint("keys-saved")
        method, path, body = Api.keys_upload(self.access_token, keys)
        answer = await self._send(nio.KeysUploadResponse, method, path, body)
        crashpoint("keys-uploaded")
        if not is_error(answer):
            self._needs_fallback = False
        return answer

    def _fallback_key(self) -> dict[str, Any]:
        """A key for when all one-time keys are used up, so that strangers can still write."""
        account = self.olm.account._account  # noqa: SLF001 -- the library does not offer it
        account.generate_fallback_key()
        keys = {}
        for key_id, key in account.fallback_key.items():
            signed = {"key": key.to_base64(), "fallback": True}
            signature = self.olm.sign_json(dict(signed))
            signed["signatures"] = {self.user_id: {f"ed25519:{self.device_id}": signature}}
            keys[f"signed_curve25519:{key_id}"] = signed
        return keys

    # -------------------------------------------------------------------------------- rooms

    async def join_through(self, room_id: str, servers: Sequence[str]) -> Any:  # noqa: ANN401 -- the library has no types
        """Join by way of these homeservers, where our own is in the room not yet."""
        _, path = Api.join(self.access_token, room_id)
        ways = [(name, server) for server in servers for name in ("via", "server_name")]
        path += f"&{urlencode(ways)}" if ways else ""
        return await self._send(nio.JoinResponse, "POST", path)

    # -------------------------------------------------------------------------------- syncs

    async def receive_response(self, response: Any) -> None:  # noqa: ANN401 -- the library has no types
        """Keep the access token: the library drops it over a failed key share, which it misreads
        as being logged out. Whether it is still good, the next answer says.
        """
        token = self.access_token
        await super().receive_response(response)
        if not self.access_token:
            self.access_token = token

    async def create_matrix_response(
        self,
        response_class: Any,  # noqa: ANN401 -- the library has no types
        transport_response: Any,  # noqa: ANN401 -- as above
        data: tuple[Any, ...] | None = None,
        save_to: Any = None,  # noqa: ANN401 -- as above
    ) -> Any:  # noqa: ANN401 -- as above
        """Take what the library overlooks: keys that are used up, and who vouches for whom."""
        syncs = response_class is nio.SyncResponse  # before the library takes it to pieces
        parsed = await self.parse_body(transport_response) if syncs else {}
        invited, sent = _invited(parsed), _events(_table(parsed.get("to_device")))
        response = await super().create_matrix_response(
            response_class, transport_response, data, save_to
        )
        if isinstance(response, nio.KeysQueryResponse):
            self.identities.take(await self.parse_body(transport_response))
        if isinstance(response, nio.SyncResponse):
            self._count_keys(await self.parse_body(transport_response))
            self.invite_states, self.device_events = invited, sent
        return response

    def _count_keys(self, parsed: dict[str, Any]) -> None:
        count = parsed.get("device_one_time_keys_count", {}).get("signed_curve25519")
        if count is not None or self.olm.uploaded_key_count is None:
            self.olm.uploaded_key_count = count or 0
        unused = parsed.get("device_unused_fallback_key_types")
        if unused is not None and "signed_curve25519" not in unused:
            self._needs_fallback = True

    def _handle_olm_response(self, response: Any) -> None:  # noqa: ANN401 -- as above
        """One user's malformed device keys must not hide everybody else's."""
        try:
            super()._handle_olm_response(response)
        except Exception as error:
            if not isinstance(response, nio.KeysQueryResponse) or len(response.device_keys) < 2:
                log.warning("a device's keys could not be taken in (%s)", type(error).__name__)
                return
            for user, devices in response.device_keys.items():
                self._handle_olm_response(nio.KeysQueryResponse({user: devices}, {}))

    def _handle_joined_state(self, room_id: str, info: Any, encrypted: set[str]) -> None:  # noqa: ANN401 -- the library has no types
        """Whatever state a stranger's room is in, it stops nothing, and encryption is not lost."""
        try:
            super()._handle_joined_state(room_id, info, encrypted)
        except Exception as error:
            log.warning("a room's state could not be taken in (%s)", type(error).__name__)
            if any(isinstance(event, nio.RoomEncryptionEvent) for event in info.state):
                self.rooms[room_id].encrypted = True
                encrypted.add(room_id)

    def _handle_messages_response(self, response: Any) -> None:  # noqa: ANN401 -- the library has no types
        """A page is of the room that was asked for, whatever the homeserver writes into events."""
        for event in response.chunk:
            if isinstance(event, nio.MegolmEvent):
                event.room_id = response.room_id
        super()._handle_messages_response(response)

    def _handle_timeline_event(self, event: Any, *more: Any) -> Any:  # noqa: ANN401 -- the library has no types
        """One malformed event must not keep everybody else's from being read."""
        try:
            return super()._handle_timeline_event(event, *more)
        except Exception as error:
            log.warning("an event could not be taken in (%s)", type(error).__name__)
            return None

    def _handle_decrypt_to_device(self, event: Any) -> Any:  # noqa: ANN401 -- as above
        """As above, for what devices send each other."""
        try:
            return super()._handle_decrypt_to_device(event)
        except Exception as error:
            log.warning("a device's message could not be taken in (%s)", type(error).__name__)
            return None


def _invited(parsed: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """All that is told of each room we are invited to; the library drops most of it."""
    rooms = _table(_table(parsed.get("rooms")).get("invite"))
    states = {it: _table(_table(one).get("invite_state")) for it, one in rooms.items()}
    return {it: _events(one) for it, one in states.items()}


def _events(part: dict[str, Any]) -> list[dict[str, Any]]:
    """Copies: the library takes its own to pieces."""
    events = part.get("events")
    return [dict(_table(event)) for event in events] if isinstance(events, list) else []


def _not_ours(_event: object) -> None:
    """The library's own comparing of keys knows no requests, and other emoji than everybody."""


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _check(answer: Any, reason: str) -> None:  # noqa: ANN401 -- the library has no types
    if is_error(answer):
        raise NotSent(reason, answer)
