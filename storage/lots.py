"""Draws lots: which of several equally good texts a reader gets, always the same one."""

from __future__ import annotations

import hashlib

LOTS = 6
"""How many sorts of readers there are; each is composed for and remembered by itself."""


def lot(about: object, reader: object) -> int:
    """The reader's lot for one notice or case: 0 to `LOTS` - 1, the same every time."""
    digest = hashlib.sha256(f"{about}:{reader}".encode()).digest()
    return int.from_bytes(digest[:4]) % LOTS
