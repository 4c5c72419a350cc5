"""Comparing keys from the other side, as Element does it: written apart from the bot's code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import nio
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.fakes.matrix_person import MatrixPerson

# The specification's table, without the marks that say how to draw some.
EMOJI = tuple(
    "🐶🐱🦁🐎🦄🐷🐘🐰🐼🐓🐧🐢🐟🐙🦋🌷"
    "🌳🌵🍄🌏🌙☁🔥🍌🍎🍓🌽🍕🎂❤😀🤖"
    "🎩👓🔧🎅👍☂⌛⏰🎁💡📕✏📎✂🔒🔑"
    "🔨☎🏁🚂🚲✈🚀🏆⚽🎸🎺🔔⚓🎧📁📌"
)
PREFIX = "m.key.verification."
METHODS = ["m.sas.v1", "m.qr_code.show.v1", "m.reciprocate.v1"]
START = {
    "method": "m.sas.v1",
    "key_agreement_protocols": ["curve25519-hkdf-sha256", "curve25519"],
    "hashes": ["sha256"],
    "message_authentication_codes": ["hkdf-hmac-sha256.v2", "hkdf-hmac-sha256"],
    "short_authentication_string": ["decimal", "emoji"],
}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def _canonical(thing: dict[str, Any]) -> bytes:
    return json.dumps(thing, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class Comparing:
    """Somebody compares keys with the bot, in a room or, without one, between devices."""

    def __init__(self, person: MatrixPerson, bot: str, room: str = "") -> None:
        self.person = person
        self.bot = bot
        self.room = room
        self.transaction = f"made-up-{time.monotonic_ns()}"
        self.device = ""  # the bot's
        self.keys: dict[str, str] = {}  # of the person: what they say is theirs
        self.proved: dict[str, str] = {}  # what the bot has sealed
        self._key = X25519PrivateKey.generate()
        self._public = _text(self._key.public_key().public_bytes_raw())
        self._theirs = ""
        self._start: dict[str, Any] = {}

    async def asks(self, **changes: object) -> None:
        """Begin: "let us compare keys"."""
        own = self.person.client.device_id
        content = {"from_device": own, "methods": METHODS, **changes}
        if not self.room:
            now = {"timestamp": int(time.time() * 1000)}
            await self.says("request", {**now, **content})
            return
        words = {"msgtype": f"{PREFIX}request", "to": self.bot, "body": "wants to compare keys"}
        answer = await self.person.client.room_send(
            self.room, "m.room.message", {**words, **content}, ignore_unverified_devices=True
        )
        assert isinstance(answer, nio.RoomSendResponse), answer
        self.transaction = answer.event_id

    async def starts(self, **changes: object) -> None:
        """Offer to compare emoji, once the bot is ready."""
        ready = await self.hears("ready")
        assert "m.sas.v1" in ready["methods"]
        self.device = ready["from_device"]
        own = self.person.client.device_id
        self._start = self._about({**START, "from_device": own, **changes})
        await self.says("start", self._start)

    async def compares(self) -> list[str]:
        """Everything up to the emoji; those this side shows."""
        await self.asks()
        await self.starts()
        return await self.exchanges()

    async def exchanges(self) -> list[str]:
        """Swap keys; the emoji this side shows."""
        accepted = await self.hears("accept")
        await self.says("key", {"key": self._public})
        self._theirs = (await self.hears("key"))["key"]
        # The bot must not have chosen its key after it saw this one.
        bound = hashlib.sha256(self._theirs.encode() + _canonical(self._start)).digest()
        assert accepted["commitment"] == _text(bound)
        sides = [
            f"{self.person.user_id}|{self.person.client.device_id}|{self._public}",
            f"{self.bot}|{self.device}|{self._theirs}",
        ]
        raw = self._drawn("|".join(["MATRIX_KEY_VERIFICATION_SAS", *sides, self.transaction]), 6)
        bits = int.from_bytes(raw, "big") >> 6
        return [EMOJI[bits >> 6 * at & 63] for at in reversed(range(7))]

    async def agrees(self, *, wrongly: bool = False) -> None:
        """Say that the emoji are the same, and which keys are this side's."""
        client = self.person.client
        own = {f"ed25519:{client.device_id}": client.olm.account.identity_keys["ed25519"]}
        own = {**own, **self.keys}
        about = (self.person.user_id, client.device_id, self.bot, self.device)
        if wrongly:
            own[f"ed25519:{client.device_id}"] = self._public
        await self.says("mac", self._sealed(own, "".join(about)))

    async def is_sure(self, known: dict[str, str]) -> None:
        """The bot says its keys are these, sealed, and that all is done."""
        client = self.person.client
        said = await self.hears("mac")
        about = "".join((self.bot, self.device, self.person.user_id, client.device_id))
        assert said["mac"].keys() == known.keys()
        sealed = self._sealed(known, about)
        assert (said["mac"], said["keys"]) == (sealed["mac"], sealed["keys"])
        await self.hears("done")

    async def is_refused(self) -> str:
        """The bot ends it; the code it gives."""
        return str((await self.hears("cancel"))["code"])

    async def says(self, step: str, content: dict[str, Any]) -> None:
        """Send one step."""
        client, content = self.person.client, self._about(content)
        if self.room:
            answer = await client.room_send(
                self.room, PREFIX + step, content, ignore_unverified_devices=True
            )
            assert isinstance(answer, nio.RoomSendResponse), answer
            return
        device = self.device or "*"
        message = nio.ToDeviceMessage(PREFIX + step, self.bot, device, content)
        sent = await client.to_device(message)
        assert isinstance(sent, nio.ToDeviceResponse), sent

    async def hears(self, step: str, within: float = 15) -> dict[str, Any]:
        """The bot's step of this kind."""

        def found() -> list[dict[str, Any]]:
            return [
                content
                for kind, sender, content in self.person.steps
                if kind == PREFIX + step and sender == self.bot and self._concerns(content)
            ]

        await self.person.looks_until(lambda: bool(found()), within)
        assert len(found()) == 1
        return found()[0]

    def _about(self, content: dict[str, Any]) -> dict[str, Any]:
        if not self.room:
            return {**content, "transaction_id": self.transaction}
        about = {"rel_type": "m.reference", "event_id": self.transaction}
        return {**content, "m.relates_to": about}

    def _concerns(self, content: dict[str, Any]) -> bool:
        about = content.get("m.relates_to", {}).get("event_id")
        return self.transaction in {about, content.get("transaction_id")}

    def _sealed(self, keys: dict[str, str], about: str) -> dict[str, Any]:
        info = f"MATRIX_KEY_VERIFICATION_MAC{about}{self.transaction}"
        ids = ",".join(sorted(keys))
        return {
            "mac": {key_id: self._seal(key, info + key_id) for key_id, key in keys.items()},
            "keys": self._seal(ids, f"{info}KEY_IDS"),
        }

    def _seal(self, what: str, info: str) -> str:
        return _text(hmac.digest(self._drawn(info, 32), what.encode(), "sha256"))

    def _drawn(self, info: str, length: int) -> bytes:
        theirs = X25519PublicKey.from_public_bytes(base64.b64decode(self._theirs + "="))
        secret = self._key.exchange(theirs)
        return HKDF(SHA256(), length, salt=None, info=info.encode()).derive(secret)
