"""The built-in chat's messages: what people wrote there and what we answered, sealed.

`version` orders everything that happened in a chat, edits included: a message that is written,
edited or taken back gets the highest one. So "what is new since version v" finds all of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import LocalMessage
from storage.vault import vault_of

_PURPOSE = "local_messages.content"
_GONE = b""


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a chat. `content` is what the person typed, or our packed message; ""
    once it was taken back.
    """

    id: int
    ours: bool
    content: str
    version: int
    written_at: int


async def append(session: AsyncSession, person: str, text: str, *, now: float) -> Line:
    """Something a person wrote."""
    row = LocalMessage(
        chat=_chat(session, person),
        ours=False,
        content=vault_of(session).seal(text, _PURPOSE),
        version=await _next_version(session, person, now),
        written_at=int(now),
    )
    session.add(row)
    await session.flush()
    return _line(session, row)


async def put(session: AsyncSession, person: str, key: str, content: str, *, now: float) -> int:
    """A message of ours; its id. The same key again is the same message, stored once."""
    known = await session.scalar(select(LocalMessage.id).where(LocalMessage.key == key))
    if known is not None:
        return known
    row = LocalMessage(
        chat=_chat(session, person),
        key=key,
        ours=True,
        content=vault_of(session).seal(content, _PURPOSE),
        version=await _next_version(session, person, now),
        written_at=int(now),
    )
    session.add(row)
    await session.flush()
    return row.id


async def edit(
    session: AsyncSession, person: str, message_id: int, content: str, *, now: float
) -> bool:
    """Replace a message of ours; False when it is gone or reads like this already."""
    row = await _ours(session, person, message_id)
    if row is None or vault_of(session).open(row.content, _PURPOSE) == content:
        return False
    row.content = vault_of(session).seal(content, _PURPOSE)
    row.version = await _next_version(session, person, now)
    return True


async def retract(session: AsyncSession, person: str, message_id: int, *, now: float) -> bool:
    """Take a message of ours back, its content with it; False when it is gone already.

    An empty row stays: open pages learn from it what to remove, and a repeated `put` with its
    key does not bring the message back.
    """
    row = await _ours(session, person, message_id)
    if row is None:
        return False
    row.content = _GONE
    row.version = await _next_version(session, person, now)
    return True


async def forget(session: AsyncSession, person: str) -> None:
    """Delete everything that was said in this person's chat."""
    await session.execute(delete(LocalMessage).where(LocalMessage.chat == _chat(session, person)))


async def lines(
    session: AsyncSession, person: str, *, since: int = 0, limit: int = 300
) -> list[Line]:
    """What was written or changed after version `since`, the oldest message first.

    Of more than `limit` the newest are returned.
    """
    rows = await session.scalars(
        select(LocalMessage)
        .where(LocalMessage.chat == _chat(session, person), LocalMessage.version > since)
        .order_by(LocalMessage.id.desc())
        .limit(limit)
    )
    return [_line(session, row) for row in reversed(rows.all())]


async def find(session: AsyncSession, person: str, message_id: int) -> Line | None:
    """One message of ours; None when it is gone."""
    row = await _ours(session, person, message_id)
    return _line(session, row) if row else None


async def oldest_version(session: AsyncSession, person: str) -> int | None:
    """The lowest version in a chat; None when nothing is there."""
    return await session.scalar(
        select(func.min(LocalMessage.version)).where(LocalMessage.chat == _chat(session, person))
    )


async def newest_of_ours(session: AsyncSession, people: Collection[str]) -> dict[str, int]:
    """For each of these people to whom we wrote, the version of what we wrote last."""
    by_chat = {_chat(session, person): person for person in people}
    rows = await session.execute(
        select(LocalMessage.chat, func.max(LocalMessage.version))
        .where(LocalMessage.ours, LocalMessage.content != _GONE)
        .where(LocalMessage.chat.in_(by_chat))
        .group_by(LocalMessage.chat)
    )
    return {by_chat[chat]: version for chat, version in rows}


def _chat(session: AsyncSession, person: str) -> bytes:
    return vault_of(session).index("local", person)


async def _ours(session: AsyncSession, person: str, message_id: int) -> LocalMessage | None:
    return await session.scalar(
        select(LocalMessage).where(
            LocalMessage.id == message_id,
            LocalMessage.chat == _chat(session, person),
            LocalMessage.ours,
            LocalMessage.content != _GONE,
        )
    )


async def _next_version(session: AsyncSession, person: str, now: float) -> int:
    # From the clock, so that a chat which starts again after /forget does not count from 1:
    # a page that was open meanwhile would take the new messages for ones it knows.
    newest = await session.scalar(
        select(func.max(LocalMessage.version)).where(LocalMessage.chat == _chat(session, person))
    )
    return max((newest or 0) + 1, int(now * 1000))


def _line(session: AsyncSession, row: LocalMessage) -> Line:
    content = vault_of(session).open(row.content, _PURPOSE) if row.content else ""
    return Line(row.id, row.ours, content, row.version, row.written_at)
