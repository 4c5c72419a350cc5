"""A platform's small secrets, sealed in the database."""

from __future__ import annotations

from storage import keepsakes
from storage.database import Database


class DatabaseKeep:
    """The `Keep` of one platform (see platforms/base.py)."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    async def load(self, name: str) -> str | None:
        """What was saved under this name, or None."""
        async with self._database.read() as session:
            return await keepsakes.load(session, self._owner, name)

    async def save(self, name: str, value: str) -> None:
        """Remember, durably before this returns."""
        async with self._database.write() as session:
            await keepsakes.save(session, self._owner, name, value)
