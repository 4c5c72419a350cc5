"""Sealing what names a person: a stolen database or backup shows no address.

Addresses, inbox contents and reply texts are sealed with AES-256-GCM; equality is looked up by a
keyed hash (a plain hash of a Telegram id can be tried out in an hour). The key lives in a file
beside the database, never in it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_KEY_BYTES = 32
_NONCE_BYTES = 12
_INDEX_BYTES = 16


class VaultError(Exception):
    """The key file is missing, damaged or not the one this database was sealed with."""


class Vault:
    """Seals and opens texts, and gives keyed hashes to look them up by."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise VaultError(
                f"The key has {len(key)} bytes instead of {_KEY_BYTES}. Restore it from a backup."
            )
        self._cipher = AESGCM(_subkey(key, b"seal"))
        self._index_key = _subkey(key, b"index")
        self._button_key = _subkey(key, b"buttons")

    def __repr__(self) -> str:
        return "<vault>"

    def seal(self, text: str, purpose: str) -> bytes:
        """`text`, readable again only with the key and the same `purpose`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> str:
        """The text that was sealed. Raises `VaultError` under another key or purpose."""
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, body, purpose.encode()).decode()
        except InvalidTag:
            raise VaultError(
                "This key file does not open this database. Put back the key it was made with."
            ) from None

    def index(self, *parts: str) -> bytes:
        """A keyed hash by which equal values are found without being stored."""
        message = "\x1f".join(parts).encode()
        return hmac.digest(self._index_key, message, hashlib.sha256)[:_INDEX_BYTES]

    def sign(self, *parts: str) -> bytes:
        """A signature over what a button does and where it is shown."""
        return hmac.digest(self._button_key, "\x1f".join(parts).encode(), hashlib.sha256)


def _subkey(key: bytes, name: bytes) -> bytes:
    return HKDFExpand(SHA256(), _KEY_BYTES, b"tocsin " + name).derive(key)


def open_vault(key_file: Path) -> Vault:
    """The vault of this key file; the file is made (mode 0600) when there is none yet."""
    if not key_file.exists():
        _make_key(key_file)
    try:
        return Vault(bytes.fromhex(key_file.read_text().strip()))
    except ValueError:
        raise VaultError(
            f"{key_file} is not a Tocsin key. Restore it from a backup; "
            "without it stored addresses cannot be read."
        ) from None


def _make_key(key_file: Path) -> None:
    """Write a new key, whole or not at all; of several processes that start at once, one does."""
    key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = key_file.with_name(f"{key_file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(_KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, key_file)
    except FileExistsError:
        pass  # another one was first: its key is the key
    except OSError:
        draft.rename(key_file)  # a file system without links
    draft.unlink(missing_ok=True)


def vault_of(session: AsyncSession) -> Vault:
    """The vault that belongs to this session's database."""
    vault: Vault = session.info["vault"]
    return vault
