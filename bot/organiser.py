"""`tocsin organiser …`: give somebody a role, or say with which key to believe them."""

from __future__ import annotations

import re

from bot.app import clock, open_storage
from bot.config import Config, Problem, owner_fault
from storage import audit, organisers, pins


class OrganiserError(Exception):
    """It cannot be done like this; the message says why and what to write."""


_KEY = re.compile(r"[A-Za-z0-9+/]{43}")  # 32 bytes in Base64, as Matrix clients show them
_ROLES = (organisers.ORGANISER, organisers.OWNER)


async def add(config: Config, written: str, role: str) -> str:
    """Add "platform:id" with a role; what to show. Raises `OrganiserError` on a faulty one."""
    platform, person = _who(written)
    if role not in _ROLES:
        raise OrganiserError(str(Problem("", role, "is no role", "Write organiser or owner.")))
    async with open_storage(config) as storage, storage.database.write() as session:
        row = await organisers.add(session, platform, person, role, clock())
        await audit.record(
            session,
            action="added",
            subject=f"#{row.id}",
            organiser_id=None,
            now=clock(),
        )
    return f"#{row.id} is an {role} now. They should write /start to the bot once."


async def trust(config: Config, written: str, key: str) -> str:
    """Believe "platform:id" with this key only, or with the next one that comes; what to show.

    Raises `OrganiserError` if nobody has this role, or the key is none.
    """
    platform, person = _who(written)
    key = re.sub(r"\s", "", key)
    if key and not _KEY.fullmatch(key):
        remedy = "Copy all 43 signs of the session key from the client's list of sessions."
        raise OrganiserError(str(Problem("", key, "is no key", remedy)))
    async with open_storage(config) as storage, storage.database.write() as session:
        row = await organisers.find(session, platform, person)
        if row is None or not row.active:
            remedy = "Add them first: tocsin organiser add."
            raise OrganiserError(str(Problem("", written, "is no organiser", remedy)))
        pins.pin(session, row, key)
        await audit.record(
            session, action="trusted", subject=f"#{row.id}", organiser_id=None, now=clock()
        )
    if key:
        return f"From now on #{row.id} is believed with this key only: {key}"
    return (
        f"The next encrypted message of #{row.id} says which key they are known by. "
        "Let them write /start at once, and compare the key in /organisers."
    )


def _who(written: str) -> tuple[str, str]:
    """Platform and person of "platform:id"."""
    platform, _, person = written.partition(":")
    fault = owner_fault(platform, person)
    if fault is not None:
        raise OrganiserError(str(Problem("", written, *fault)))
    return platform, person
