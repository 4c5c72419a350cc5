"""Short names for contacts: buttons carry them, and tables that must not name people use them."""

from __future__ import annotations

import hashlib

REPORTABLE = ("email", "phone", "fax", "postal")
"""The kinds of contacts that readers can say something about; a website bounces nothing."""

_LENGTH = 10  # hex digits: they fit into a button beside a command


def key_of(kind: str, value: str) -> str:
    """The key of a contact as it is used: equal for all places that name the same desk."""
    text = f"{kind}\x1f{value.casefold()}"
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
