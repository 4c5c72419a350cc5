"""What must be true of an installation's database, looked at from outside its process."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from storage import audit, subscribers
from storage.database import Database
from storage.models import (
    Alert,
    AlertState,
    Delivery,
    DeliveryState,
    Follow,
    InboxRow,
    InboxState,
    Notice,
    Reminder,
    ReminderState,
    Subscriber,
    SubscriberState,
)

_REST = 120.0  # seconds within which all must have come to rest


def unsound(url: str) -> str:
    """What a killed process left must be a sound database; else what is wrong with it. The
    original stays untouched: opening it would mend it.
    """
    if not url.startswith("sqlite"):
        return ""
    path = Path(url.removeprefix("sqlite:///"))
    with tempfile.TemporaryDirectory() as folder:
        for file in (path, Path(f"{path}-wal")):
            if file.exists():
                shutil.copy(file, folder)
        connection = sqlite3.connect(Path(folder) / path.name)
        found = connection.execute("PRAGMA integrity_check").fetchall()
        found += connection.execute("PRAGMA foreign_key_check").fetchall()
        connection.close()
    return "" if found == [("ok",)] else str(found[:3])


async def left_after(database: Database, unread: Callable[[], int]) -> dict[str, int]:
    """Wait until nothing is under way; what still is after a long time, by kind."""
    until = time.monotonic() + _REST
    quiet = 0
    left: dict[str, int] = {}
    while quiet < 2 and time.monotonic() < until:
        left = await _under_way(database)
        if number := unread():
            left["unread"] = number
        quiet = 0 if left else quiet + 1
        await asyncio.sleep(0.1)
    return left


async def contradictions(database: Database) -> str:
    """A broken audit trail or updates that failed; "" if all is well."""
    async with database.read() as session:
        broken = await audit.broken_at(session)
        failed = await session.scalar(
            select(func.count()).where(InboxRow.state == InboxState.FAILED)
        )
    if broken is None and not failed:
        return ""
    return f"audit broken at {broken}, {failed} updates failed"


def adds_up(text: str) -> bool:
    """Do the figures of a broadcast that has gone out make its audience? True of other texts."""
    found = re.search(r"Delivered (\d+) of (\d+), unreachable (\d+), held (\d+)", text)
    if found is None or "is going out" in text:
        return True
    delivered, total, *rest = map(int, found.groups())
    return delivered + sum(rest) + _number(r"Not sent to (one|\d+) reader", text) == total


def told_of_held(text: str) -> int:
    """How many readers an organiser is told may have got nothing."""
    return _number(r"may not have reached (one|\d+) reader", text)


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1].replace("one", "1")) if found else 0


async def held(database: Database, head: str) -> set[int]:
    """The Telegram chats whose copy of the notice with these words is held."""
    async with database.read() as session:
        rows = await session.scalars(
            select(Subscriber.address)
            .join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .join(Notice, Notice.id == Delivery.notice_id)
            .where(Delivery.state == DeliveryState.HELD, Notice.payload.contains(head))
        )
        return {int(subscribers.open_address(session, sealed)) for sealed in rows}


async def followers(database: Database) -> dict[int, str]:
    """Who gets every notice on Telegram, and their country."""
    async with database.read() as session:
        rows = await session.execute(
            select(Subscriber.address, Subscriber.country)
            .join(Follow, Follow.subscriber_id == Subscriber.id)
            .where(Subscriber.state == SubscriberState.ACTIVE, Follow.kind == "all")
        )
        return {int(subscribers.open_address(session, it)): country for it, country in rows}


async def _under_way(database: Database) -> dict[str, int]:
    """What is not finished, by kind; empty at rest."""
    open_states = [DeliveryState.PENDING, DeliveryState.SENDING]
    asked = {
        "deliveries": select(func.count()).where(Delivery.state.in_(open_states)),
        "updates": select(func.count()).where(InboxRow.state == InboxState.NEW),
        "notices": select(func.count()).where(Notice.finished_at.is_(None)),
        "reminders": select(func.count()).where(
            Reminder.state == ReminderState.WAITING, Reminder.due_at <= time.time() + 1
        ),
        "alerts": select(func.count()).where(
            Alert.state.in_([AlertState.SENDING, AlertState.SCHEDULED])
        ),
    }
    async with database.read() as session:
        found = {name: await session.scalar(query) or 0 for name, query in asked.items()}
    return {name: number for name, number in found.items() if number}
