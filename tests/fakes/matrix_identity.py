"""An account's own three keys, as Element makes them: written apart from the bot's code."""

from __future__ import annotations

import base64
import json
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.fakes.matrix_person import MatrixPerson


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


class SigningKey:
    """A key that signs objects in the name of its owner."""

    def __init__(self, owner: str) -> None:
        self._private = Ed25519PrivateKey.generate()
        self.owner = owner
        self.public = _text(self._private.public_key().public_bytes_raw())

    def signed(self, thing: dict[str, Any]) -> dict[str, Any]:
        """The thing with this key's signature beside those it has."""
        bare = {name: it for name, it in thing.items() if name not in {"signatures", "unsigned"}}
        canonical = json.dumps(bare, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        signature = _text(self._private.sign(canonical.encode()))
        all_of_them = dict(thing.get("signatures", {}))
        own = {**all_of_them.get(self.owner, {}), f"ed25519:{self.public}": signature}
        return {**bare, "signatures": {**all_of_them, self.owner: own}}

    def described(self, usage: str) -> dict[str, Any]:
        """The key as it is published."""
        keys = {f"ed25519:{self.public}": self.public}
        return {"user_id": self.owner, "usage": [usage], "keys": keys}


class MatrixIdentity:
    """Somebody's master, self-signing and user-signing key."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.master = SigningKey(owner)
        self.self_signing = SigningKey(owner)
        self.user_signing = SigningKey(owner)

    def published(self) -> dict[str, Any]:
        """The keys as they are uploaded."""
        return {
            "master_key": self.master.described("master"),
            "self_signing_key": self.master.signed(self.self_signing.described("self_signing")),
            "user_signing_key": self.master.signed(self.user_signing.described("user_signing")),
        }

    async def establish(self, person: MatrixPerson, password: str) -> None:
        """Upload the keys and let them vouch for the device the person has in hand."""
        proof = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": self.owner},
            "password": password,
        }
        body = {**self.published(), "auth": proof}
        await _post(person, "keys/device_signing/upload", body)
        await self.vouch(person)

    async def vouch(self, person: MatrixPerson) -> None:
        """Sign the device that this person has in hand."""
        device_id = person.client.device_id
        found = await _post(person, "keys/query", {"device_keys": {self.owner: []}})
        device = found["device_keys"][self.owner][device_id]
        signed = {self.owner: {device_id: self.self_signing.signed(device)}}
        answer = await _post(person, "keys/signatures/upload", signed)
        assert not answer.get("failures"), answer


async def _post(person: MatrixPerson, path: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {person.client.access_token}"}
    async with (
        aiohttp.ClientSession(person.client.homeserver, headers=headers) as session,
        session.post(f"/_matrix/client/v3/{path}", json=body) as answer,
    ):
        found: dict[str, Any] = await answer.json()
        assert answer.status == 200, found
        return found
