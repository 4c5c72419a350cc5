"""The account vouches for its own device, as Element demands before it shows or sends anything.

Three keys: the master key is the account's identity, it signs the self-signing key, which signs
the device. Matrix specification, "Cross-signing"; the client library knows nothing of it.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.platforms.base import Keep
from bot.platforms.matrix.account import Device
from bot.platforms.matrix.http import Http, Refused
from bot.platforms.matrix.signatures import base64, canonical, unpadded, with_signature

log = logging.getLogger(__name__)

_KEPT = "cross_signing"
_ROLES = ("master", "self_signing", "user_signing")


@dataclass(frozen=True)
class Own:
    """What the homeserver publishes about our own account."""

    device: dict[str, Any] | None
    master: dict[str, Any] | None


class Key:
    """One of the three signing keys."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = base64(self._private.public_key().public_bytes_raw())

    def sign(self, thing: dict[str, Any], user_id: str) -> dict[str, Any]:
        """The thing with this key's signature added."""
        signature = base64(self._private.sign(canonical(thing)))
        return with_signature(thing, user_id, self.public, signature)


async def published(http: Http, device: Device) -> Own:
    """Ask the homeserver what others see of us."""
    answer = await http.call("POST", "/keys/query", {"device_keys": {device.user_id: []}})
    return Own(
        device=answer.get("device_keys", {}).get(device.user_id, {}).get(device.device_id),
        master=answer.get("master_keys", {}).get(device.user_id),
    )


async def establish(
    http: Http,
    keep: Keep,
    device: Device,
    *,
    password: str,
    sign_as_device: Callable[[dict[str, Any]], str],
) -> bool:
    """Make sure that the account has signed this device; False if that is impossible here."""
    own = await published(http, device)
    keys = await _keys(keep, make=own.master is None)
    if own.device is None:
        return False
    if not keys:
        log.warning("the account was set up by another client: reset its identity there")
        return False
    if own.master is None:
        await _publish(http, device.user_id, keys, password)
    elif keys["master"].public not in own.master.get("keys", {}).values():
        log.warning("the account's identity was replaced by another client: reset it there")
        return False
    signed_by = own.device.get("signatures", {}).get(device.user_id, {})
    if f"ed25519:{keys['self_signing'].public}" not in signed_by:
        signatures = _signatures(device, keys, own.device, sign_as_device)
        await _upload(http, device.user_id, signatures)
    return True


async def _keys(keep: Keep, *, make: bool) -> dict[str, Key]:
    """The kept keys; made, and kept before anybody sees them, if there are none."""
    text = await keep.load(_KEPT)
    if text is None and make:
        text = json.dumps({role: base64(secrets.token_bytes(32)) for role in _ROLES})
        await keep.save(_KEPT, text)
    seeds = json.loads(text or "{}")
    return {role: Key(unpadded(seed)) for role, seed in seeds.items()}


async def _publish(http: Http, user_id: str, keys: dict[str, Key], password: str) -> None:
    """Upload the three keys; most homeservers ask for no password the first time."""
    body: dict[str, Any] = {
        f"{role}_key": _described(role, user_id, key.public) for role, key in keys.items()
    }
    for role in ("self_signing", "user_signing"):
        body[f"{role}_key"] = keys["master"].sign(body[f"{role}_key"], user_id)
    path = "/keys/device_signing/upload"
    try:
        await http.call("POST", path, body)
    except Refused as refused:
        session = refused.answer.get("session")
        if refused.status != 401 or not session or not password:
            raise
        proof = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": user_id},
            "password": password,
            "session": session,
        }
        await http.call("POST", path, {**body, "auth": proof})


def _signatures(
    device: Device,
    keys: dict[str, Key],
    published_device: dict[str, Any],
    sign_as_device: Callable[[dict[str, Any]], str],
) -> dict[str, Any]:
    """The device signed by the account, and the account signed by the device."""
    bare = {key: value for key, value in published_device.items() if key != "unsigned"}
    public = keys["master"].public
    master = _described("master", device.user_id, public)
    return {
        device.device_id: keys["self_signing"].sign(bare, device.user_id),
        public: with_signature(master, device.user_id, device.device_id, sign_as_device(master)),
    }


async def _upload(http: Http, user_id: str, signatures: dict[str, Any]) -> None:
    answer = await http.call("POST", "/keys/signatures/upload", {user_id: signatures})
    if answer.get("failures"):
        raise Refused(200, {"errcode": "M_INVALID_SIGNATURE"})


def _described(role: str, user_id: str, public: str) -> dict[str, Any]:
    return {"user_id": user_id, "usage": [role], "keys": {f"ed25519:{public}": public}}
