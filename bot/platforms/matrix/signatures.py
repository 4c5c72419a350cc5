"""Signed objects as Matrix writes them ("Signing JSON" in the specification)."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def canonical(thing: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: no signatures, no spaces, sorted, UTF-8."""
    return written(
        {key: value for key, value in thing.items() if key not in {"signatures", "unsigned"}}
    )


def written(thing: Mapping[str, Any]) -> bytes:
    """All of it as "canonical JSON"."""
    text = json.dumps(thing, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def with_signature(
    thing: dict[str, Any], user_id: str, key_id: str, signature: str
) -> dict[str, Any]:
    """The thing with one more signature."""
    signatures = thing.get("signatures", {})
    own = {**signatures.get(user_id, {}), f"ed25519:{key_id}": signature}
    return {**thing, "signatures": {**signatures, user_id: own}}


def is_signed_by(
    thing: Mapping[str, Any],
    user_id: str,
    public: Any,  # noqa: ANN401 -- what a server says
    key_id: str = "",
) -> bool:
    """Does it carry a true signature of this key, which is called `key_id` or by itself?"""
    if not isinstance(public, str):
        return False
    try:
        signature = thing["signatures"][user_id][f"ed25519:{key_id or public}"]
        key = Ed25519PublicKey.from_public_bytes(unpadded(public))
        key.verify(unpadded(signature), canonical(thing))
    except (KeyError, TypeError, AttributeError, ValueError, NoBase64, InvalidSignature):
        return False
    return True


def only_key(signing_key: Mapping[str, Any] | None) -> str:
    """The public key in a cross-signing key object; "" if there is not exactly one."""
    keys = signing_key.get("keys") if signing_key else None
    if not isinstance(keys, dict) or len(keys) != 1:
        return ""
    ((name, public),) = keys.items()
    return public if isinstance(public, str) and name == f"ed25519:{public}" else ""


def base64(raw: bytes) -> str:
    """Unpadded: clients drop padded key ids without a word."""
    return b64encode(raw).decode().rstrip("=")


def unpadded(text: str) -> bytes:
    """The bytes of such a text. Raises `ValueError` for what is none."""
    return b64decode(text + "=" * (-len(text) % 4), validate=True)
