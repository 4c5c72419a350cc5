"""Whose device a message was encrypted on, whatever the homeserver says.

A homeserver can write any sender over anybody's message, and can invent devices. What it cannot
do: make a device's signature, or that of the account's own keys. So a message proves two keys:
the device's, and the account's if that one vouches for the device ("cross-signing"). Whether they
are the right ones, only who has seen them before can tell (`handlers/trust.py`).

The client library has a trust of its own, which takes every device nobody has looked at for true.
Matrix specification, "Cross-signing" and "m.megolm.v1.aes-sha2".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nio

from bot.platforms.matrix.signatures import is_signed_by, only_key
from handlers.message import Proof

_REMEMBERED = 1_000  # messages whose place in their chain is known
_AMBIGUOUS = -1


@dataclass(frozen=True, slots=True)
class Device:
    """One device as its owner has signed it."""

    device_id: str
    signing_key: str
    vouched: bool  # the account's own key says that it is the account's


@dataclass(frozen=True, slots=True)
class Published:
    """What the homeserver says of an account, as far as it holds together."""

    master: str = ""
    devices: Mapping[str, Device] = field(default_factory=dict)  # by their encryption key

    def keys_of(self, device_id: str) -> dict[str, str]:
        """The device's key and the account's, by their ids; nothing if the device is unknown."""
        own = [it.signing_key for it in self.devices.values() if it.device_id == device_id]
        if not own:
            return {}
        master = {f"ed25519:{self.master}": self.master} if self.master else {}
        return {**master, f"ed25519:{device_id}": own[0]}


class Identities:
    """The accounts whose keys were asked for, and what their messages prove."""

    def __init__(self, client: nio.AsyncClient) -> None:
        self._client = client
        self._accounts: dict[str, Published] = {}
        self._numbers: dict[str, int] = {}
        self._order: deque[str] = deque()

    def take(self, answer: Mapping[str, Any]) -> None:
        """Learn from the answer to a question for keys. What makes no sense proves nothing."""
        for user_id in _objects(answer, "device_keys"):
            self._accounts[user_id] = read_account(answer, user_id)

    def number(self, index: int, event: nio.MegolmEvent) -> None:
        """Note a message's place in its chain.

        Two messages with one id are a homeserver's trick: then neither proves anything.
        """
        known = self._numbers.get(event.event_id)
        if known is None:
            self._order.append(event.event_id)
        self._numbers[event.event_id] = index if known in {None, index} else _AMBIGUOUS
        while len(self._order) > _REMEMBERED:
            self._numbers.pop(self._order.popleft(), None)

    def unknown(self, events: Iterable[Any]) -> set[str]:
        """Whose keys must be asked for (again) before these messages prove anything."""
        changed = self._client.olm.users_for_key_query
        return {
            event.sender
            for event in events
            if getattr(event, "decrypted", False)
            and event.sender != self._client.user_id
            and (event.sender in changed or self._device(event) is None)
        }

    def proof(self, event: Any) -> Proof | None:  # noqa: ANN401 -- the library has no types
        """What a decrypted message proves; None if nothing, or if its keys contradict it."""
        number, device = self._numbers.get(event.event_id), self._device(event)
        session = self._client.olm.inbound_group_store.get(
            event.room_id, event.sender_key, event.session_id
        )
        if number is None or number == _AMBIGUOUS or device is None:
            return None
        if session is None or session.forwarding_chain:
            return None
        if session.ed25519 != device.signing_key:
            return None
        master = self._accounts[event.sender].master
        keys = (master, device.signing_key) if device.vouched else (device.signing_key,)
        return Proof(keys, event.session_id, number)

    def _device(self, event: Any) -> Device | None:  # noqa: ANN401 -- as above
        return self._accounts.get(event.sender, Published()).devices.get(event.sender_key)


def read_account(answer: Mapping[str, Any], user_id: str) -> Published:
    """What the answer to a question for keys says of an account, as far as it holds together."""
    master = _signing_key(answer, "master_keys", user_id)
    self_signing = _signing_key(answer, "self_signing_keys", user_id)
    signer = ""
    if master and self_signing and is_signed_by(self_signing, user_id, only_key(master)):
        signer = only_key(self_signing)
    devices = _objects(answer, "device_keys").get(user_id)
    known = only_key(master) if signer else ""
    return Published(known, dict(_devices(user_id, devices, signer)))


def _devices(user_id: str, devices: Any, signer: str) -> Iterable[tuple[str, Device]]:  # noqa: ANN401 -- what a server says
    for device_id, said in devices.items() if isinstance(devices, dict) else ():
        keys = said.get("keys") if isinstance(said, dict) else None
        if not isinstance(keys, dict) or said.get("user_id") != user_id:
            continue
        own, encryption = keys.get(f"ed25519:{device_id}"), keys.get(f"curve25519:{device_id}")
        if not isinstance(own, str) or not isinstance(encryption, str):
            continue
        if is_signed_by(said, user_id, own, device_id):
            vouched = bool(signer) and is_signed_by(said, user_id, signer)
            yield encryption, Device(device_id, own, vouched)


def _signing_key(answer: Mapping[str, Any], kind: str, user_id: str) -> dict[str, Any] | None:
    """The account's key of this kind, if it is one and says that it is this account's."""
    key = _objects(answer, kind).get(user_id)
    if not isinstance(key, dict) or key.get("user_id") != user_id or not only_key(key):
        return None
    return key


def _objects(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = answer.get(name)
    return found if isinstance(found, dict) else {}
