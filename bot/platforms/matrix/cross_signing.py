"""The account vouches for its own device, as Element demands before it shows or sends anything.

Three keys: the master key is the account's identity, it signs the self-signing key, which signs
the device. Matrix specification, "Cross-signing"; the client library knows nothing of it.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.platforms.base import Keep
from bot.platforms.matrix.account import Device
from bot.platforms.matrix.http import Http, Refused
from bot.platforms.matrix.signatures import (
    base64,
    canonical,
    is_signed_by,
    only_key,
    unpadded,
    with_signature,
)

log = logging.getLogger(__name__)

_KEPT = "cross_signing"
_ROLES = ("master", "self_signing", "user_signing")


@dataclass(frozen=True)
class Own:
    """What the homeserver publishes about our own account."""

    device: dict[str, Any] | None
    keys: Mapping[str, dict[str, Any]]  # by role, those that are there

    @property
    def master(self) -> dict[str, Any] | None:
        """The account's identity, if it has one."""
        return self.keys.get("master")

    @property
    def fingerprint(self) -> str:
        """What people compare: the master key in groups of four; "" if there is none."""
        public = only_key(self.master)
        return " ".join(public[at : at + 4] for at in range(0, len(public), 4))

    def vouched(self, user_id: str) -> bool:
        """Does the chain hold, from the account's identity to this device?"""
        self_signing = self.keys.get("self_signing")
        return (
            self.device is not None
            and self_signing is not None
            and is_signed_by(self_signing, user_id, only_key(self.master))
            and is_signed_by(self.device, user_id, only_key(self_signing))
        )


class Unconfirmed(Exception):
    """The homeserver does not take the account's keys; the message says what it wants."""


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
    user_id = device.user_id
    answer = await http.call("POST", "/keys/query", {"device_keys": {user_id: []}})
    found = {role: answer.get(f"{role}_keys", {}).get(user_id) for role in _ROLES}
    return Own(
        device=answer.get("device_keys", {}).get(user_id, {}).get(device.device_id),
        keys={role: key for role, key in found.items() if key},
    )


async def establish(
    http: Http,
    keep: Keep,
    device: Device,
    *,
    password: str,
    sign_as_device: Callable[[dict[str, Any]], str],
) -> bool:
    """Make sure that the account has signed this device; False if that is impossible here.

    Whatever an earlier attempt has left half done is completed. An identity that is there is never
    replaced: everybody who trusts it would be warned of an impostor.
    """
    own = await published(http, device)
    keys = await _keys(keep, make=own.master is None)
    if own.device is None:
        return False
    if not keys:
        log.warning("the account was set up by another client: reset its identity there")
        return False
    if own.master is not None and only_key(own.master) != keys["master"].public:
        log.warning("the account's identity was replaced by another client: reset it there")
        return False
    await _publish(http, device.user_id, keys, own, password)
    signatures = _missing_signatures(device, keys, own, sign_as_device)
    if signatures:
        await _upload(http, device.user_id, signatures)
    vouched = (await published(http, device)).vouched(device.user_id)
    if not vouched:
        log.warning("the homeserver has lost a signature of the account's keys")
    return vouched


async def own_master(keep: Keep) -> str:
    """The account's public key as we made it, whatever is published; "" if we made none."""
    keys = await _keys(keep, make=False)
    return keys["master"].public if keys else ""


async def _keys(keep: Keep, *, make: bool) -> dict[str, Key]:
    """The kept keys; made, and kept before anybody sees them, if there are none."""
    text = await keep.load(_KEPT)
    if text is None and make:
        text = json.dumps({role: base64(secrets.token_bytes(32)) for role in _ROLES})
        await keep.save(_KEPT, text)
    seeds = json.loads(text or "{}")
    return {role: Key(unpadded(seed)) for role, seed in seeds.items()}


async def _publish(
    http: Http, user_id: str, keys: Mapping[str, Key], own: Own, password: str
) -> None:
    """Upload those of the three keys that are not there; the same ones twice are refused."""
    missing = [role for role in _ROLES if only_key(own.keys.get(role)) != keys[role].public]
    if not missing:
        return
    body: dict[str, Any] = {}
    for role in missing:
        described = _described(role, user_id, keys[role].public)
        signed = described if role == "master" else keys["master"].sign(described, user_id)
        body[f"{role}_key"] = signed
    path = "/keys/device_signing/upload"
    try:
        await http.call("POST", path, body)
    except Refused as refused:
        if refused.status != 401:
            raise
        await http.call("POST", path, {**body, "auth": _proof(refused.answer, user_id, password)})


def _proof(asked: Mapping[str, Any], user_id: str, password: str) -> dict[str, Any]:
    """What the homeserver wants before it takes the keys, as far as it is the password.

    Most ask for nothing the first time. Raises `Unconfirmed` for what only a person can do.
    """
    flows = [it.get("stages") for it in asked.get("flows", []) if isinstance(it, dict)]
    if ["m.login.password"] not in flows:
        raise Unconfirmed(
            "the homeserver wants to be told on its own account page, by the bot's account, that "
            "new keys are wanted. Log in there as the bot, allow it, and start Tocsin again"
        )
    if not password:
        raise Unconfirmed(
            "the homeserver asks for the password: set password_file in the account's section"
        )
    return {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user_id},
        "password": password,
        "session": asked.get("session"),
    }


def _missing_signatures(
    device: Device,
    keys: Mapping[str, Key],
    own: Own,
    sign_as_device: Callable[[dict[str, Any]], str],
) -> dict[str, Any]:
    """The device signed by the account and the account signed by the device, if they are not."""
    user_id, found = device.user_id, dict[str, Any]()
    if own.device and not is_signed_by(own.device, user_id, keys["self_signing"].public):
        bare = {key: value for key, value in own.device.items() if key != "unsigned"}
        found[device.device_id] = keys["self_signing"].sign(bare, user_id)
    if device.device_id not in _signers(own.master, user_id):
        public = keys["master"].public
        master = _described("master", user_id, public)
        signature = sign_as_device(master)
        found[public] = with_signature(master, user_id, device.device_id, signature)
    return found


def _signers(thing: Mapping[str, Any] | None, user_id: str) -> set[str]:
    """By which of the account's keys and devices something carries a signature."""
    signatures = (thing or {}).get("signatures", {}).get(user_id, {})
    return {name.removeprefix("ed25519:") for name in signatures}


async def _upload(http: Http, user_id: str, signatures: dict[str, Any]) -> None:
    answer = await http.call("POST", "/keys/signatures/upload", {user_id: signatures})
    if answer.get("failures"):
        raise Refused(200, {"errcode": "M_INVALID_SIGNATURE"})


def _described(role: str, user_id: str, public: str) -> dict[str, Any]:
    return {"user_id": user_id, "usage": [role], "keys": {f"ed25519:{public}": public}}
