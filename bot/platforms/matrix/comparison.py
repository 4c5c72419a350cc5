"""One comparison of encryption keys by emoji, from the side of whoever was asked.

Both sides make a key for this once, so that only they know a secret; seven emoji drawn from it are
the same on both screens only if nobody stands in between. Then each side says, sealed with the
secret, which lasting keys are its own. Matrix specification, "Short Authentication String (SAS)
verification"; the client library draws other emoji than everybody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

import vodozemac
from nio.crypto import Sas

from bot.platforms.matrix.signatures import base64, written

METHOD = "m.sas.v1"
_AGREEMENT = "curve25519-hkdf-sha256"
_HASH = "sha256"
_SEAL = "hkdf-hmac-sha256.v2"  # the first version had a broken base64
_SHOWN = "short_authentication_string"
_WANTED = {
    "key_agreement_protocols": _AGREEMENT,
    "hashes": _HASH,
    "message_authentication_codes": _SEAL,
}


class Broken(Exception):
    """The comparison must end; `code` is the specification's word for why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Side:
    """A device that compares, and the lasting keys that are its owner's, by their ids."""

    user_id: str
    device_id: str
    keys: Mapping[str, str]


class _Stage(Enum):
    START = "start"
    KEY = "key"
    MAC = "mac"
    OVER = "over"


class Comparison:
    """The steps in their order; each raises `Broken` where the other side breaks the rules."""

    def __init__(self, transaction: str) -> None:
        self._transaction = transaction
        self._stage = _Stage.START
        self._sas = vodozemac.Sas()
        self._public = self._sas.public_key.to_base64()
        self._theirs = ""
        self._secret: vodozemac.EstablishedSas
        self._seals: Mapping[str, str] = {}
        self._seal_of_ids = ""

    def accept(self, start: Mapping[str, Any]) -> dict[str, Any]:
        """Their offer; our word for it binds us to a key they have not seen yet."""
        self._turn(_Stage.START, _Stage.KEY)
        shown = [it for it in ("decimal", "emoji") if it in _strings(start, _SHOWN)]
        offered = all(it in _strings(start, name) for name, it in _WANTED.items())
        if start.get("method") != METHOD or not offered or not shown:
            raise Broken("m.unknown_method", "no method that both sides know")
        bound = sha256(self._public.encode() + written(start)).digest()
        return {
            "method": METHOD,
            "key_agreement_protocol": _AGREEMENT,
            "hash": _HASH,
            "message_authentication_code": _SEAL,
            _SHOWN: shown,
            "commitment": base64(bound),
        }

    def exchange(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Their key for ours: now there is a secret."""
        self._turn(_Stage.KEY, _Stage.MAC)
        self._theirs = _string(said, "key")
        try:
            key = vodozemac.Curve25519PublicKey.from_base64(self._theirs)
            self._secret = self._sas.diffie_hellman(key)
        except ValueError:
            raise Broken("m.invalid_message", "the key is none") from None
        return {"key": self._public}

    def emoji(self, ours: Side, theirs: Side) -> str:
        """What both should see. The order is that of who began, which is never us."""
        sides = (
            f"{side.user_id}|{side.device_id}|{public}"
            for side, public in ((theirs, self._theirs), (ours, self._public))
        )
        info = "|".join(["MATRIX_KEY_VERIFICATION_SAS", *sides, self._transaction])
        return " ".join(Sas.emoji[at][0] for at in self._secret.bytes(info).emoji_indices)

    def hear(self, said: Mapping[str, Any]) -> None:
        """Their keys, sealed. What they are worth, `confirm` finds out."""
        self._turn(_Stage.MAC, _Stage.OVER)
        self._seals, self._seal_of_ids = _seals(said), _string(said, "keys")

    def confirm(self, ours: Side, theirs: Side) -> dict[str, Any]:
        """Our keys for theirs, which must be the ones that are published."""
        seals, info = self._seals, self._about(theirs, ours)
        self._check(",".join(sorted(seals)), f"{info}KEY_IDS", self._seal_of_ids)
        known = {it: key for it, key in theirs.keys.items() if it in seals}
        if f"ed25519:{theirs.device_id}" not in known:
            raise Broken("m.key_mismatch", "the device does not say which key is its own")
        for key_id, key in known.items():
            self._check(key, info + key_id, seals[key_id])
        return self._sealed(ours, self._about(ours, theirs))

    def _sealed(self, ours: Side, info: str) -> dict[str, Any]:
        seal = self._secret.calculate_mac
        return {
            "mac": {key_id: seal(key, info + key_id) for key_id, key in ours.keys.items()},
            "keys": seal(",".join(sorted(ours.keys)), f"{info}KEY_IDS"),
        }

    def _about(self, sender: Side, receiver: Side) -> str:
        who = f"{sender.user_id}{sender.device_id}{receiver.user_id}{receiver.device_id}"
        return f"MATRIX_KEY_VERIFICATION_MAC{who}{self._transaction}"

    def _check(self, what: str, info: str, seal: str) -> None:
        try:
            self._secret.verify_mac(what, info, seal)
        except ValueError:
            raise Broken("m.key_mismatch", "a key is not the one that is published") from None

    def _turn(self, now: _Stage, then: _Stage) -> None:
        if self._stage is not now:
            self._stage = _Stage.OVER
            raise Broken("m.unexpected_message", "this is not whose turn it is")
        self._stage = then


def _string(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str):
        raise Broken("m.invalid_message", f"{name} is missing")
    return value


def _strings(said: Mapping[str, Any], name: str) -> list[str]:
    value = said.get(name)
    return [it for it in value if isinstance(it, str)] if isinstance(value, list) else []


def _seals(said: Mapping[str, Any]) -> dict[str, str]:
    value = said.get("mac")
    if not isinstance(value, dict) or not all(isinstance(it, str) for it in value.values()):
        raise Broken("m.invalid_message", "mac is missing")
    return value
