"""Accounts and the services they are on: there may be several accounts on one service.

Chats belong to an account, people to a service: "matrix-vienna" is a second account on "matrix",
and whoever writes to it is the same person as on the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handlers.i18n import Translator

_JOINT = "-"


def account_on(service: str, name: str) -> str:
    """What a further account on a service is called in the database."""
    return f"{service}{_JOINT}{name}"


def service_of(platform: str) -> str:
    """The service that an account is on: "matrix" for "matrix-vienna"."""
    return platform.partition(_JOINT)[0]


def proves_writers(service: str) -> bool:
    """Can messages on this service prove who wrote them, so that organisers' must?"""
    return service == "matrix"


def shown(translator: Translator, platform: str) -> str:
    """An account as people read it: "Matrix", "Matrix (vienna)"."""
    service, _, name = platform.partition(_JOINT)
    key = f"platform-{service}"
    called = translator.t(key) if translator.has(key) else service
    return f"{called} ({name})" if name else called
