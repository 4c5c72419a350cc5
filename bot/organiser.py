"""`tocsin organiser add`: give somebody a role from the server's own terminal."""

from __future__ import annotations

from bot.app import clock, open_storage
from bot.config import Config, Problem, owner_fault
from storage import audit, organisers


class OrganiserError(Exception):
    """Nobody can be added like this; the message says why and what to write."""


_ROLES = (organisers.ORGANISER, organisers.OWNER)


async def add(config: Config, written: str, role: str) -> str:
    """Add "platform:id" with a role; what to show. Raises `OrganiserError` on a faulty one."""
    platform, _, person = written.partition(":")
    fault = owner_fault(platform, person)
    if fault is not None:
        raise OrganiserError(str(Problem("", written, *fault)))
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
