"""Telling organisers which missions of their campaigns' states no list shows any more."""

from __future__ import annotations

from collections.abc import Collection

from bot.app import clock, open_storage
from bot.config import Config
from handlers.directory_news import tell_of_missing
from storage.directory.merging import Change, Outcome


async def tell(config: Config, changes: Collection[Change]) -> int:
    """Queue it to every organiser; how many were told."""
    lost = [
        (change.sending, change.host)
        for change in changes
        if change.outcome in (Outcome.MISSING, Outcome.GONE)
    ]
    if not lost:
        return 0
    async with open_storage(config) as storage, storage.database.write() as session:
        return await tell_of_missing(session, lost, clock())
