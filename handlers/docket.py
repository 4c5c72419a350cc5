"""What becomes of hearings: imported, announced, moved, called off, held.

Every change drops the reminders of the former version, plans those of the new one and tells
those who must know, in the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from handlers import reminders
from handlers.campaign import Campaign
from handlers.campaign import Hearing as Facts
from handlers.casebook import Dossier
from handlers.reminders import facts_of, from_json
from handlers.wall_time import instant
from storage import hearings as store
from storage.models import Hearing, HearingState

# ------------------------------------------------------------------------------ from a file


async def put_hearings(session: AsyncSession, campaign: Campaign, now: int) -> int:
    """Store the hearings of a campaign just saved; returns how many are new or changed.

    Only what the file says otherwise than the last time counts as a change, so that what was
    moved or called off in chat stays so. A hearing gone from the file is left alone.
    """
    touched = 0
    for case in campaign.cases:
        dossier = Dossier(case, campaign)
        for facts in case.hearings:
            touched += await _put(session, dossier, facts, now)
    return touched


async def _put(session: AsyncSession, dossier: Dossier, facts: Facts, now: int) -> bool:
    """Store one hearing of a file; whether it is new or changed."""
    stored = await _match(session, dossier.case.id, facts)
    if stored is None:
        hearing = await _store(session, dossier.case.id, facts, now)
    elif stored.as_before:
        hearing = stored.hearing
        _rewrite(hearing, _merged(facts_of(hearing), stored.known, facts))
    else:
        hearing = stored.hearing
        await _change(session, dossier, hearing, facts, now, tell=False)
    await store.note_imported(session, hearing, facts.model_dump_json())
    return stored is None or not stored.as_before


@dataclass(frozen=True, slots=True)
class _Stored:
    """A hearing we have, what its file said of it before, and whether it still says so."""

    hearing: Hearing
    known: Facts
    as_before: bool


async def _match(session: AsyncSession, case_id: str, facts: Facts) -> _Stored | None:
    """The stored hearing meant.

    Running numbers shift when a hearing is taken out of the file, so the same time in the same
    court comes before the same id. One announced in chat is known by its time.
    """
    by_name = None
    for row in await store.of_case(session, case_id):
        document = await store.imported(session, row)
        here = facts_of(row)
        known = from_json(document) if document else here
        if _same(known, facts) or (not document and _time_of(here) == _time_of(facts)):
            return _Stored(row, known, as_before=True)
        if row.name == facts.id:
            by_name = _Stored(row, known, as_before=_same(here, facts))
    return by_name


def _merged(now: Facts, known: Facts, facts: Facts) -> Facts:
    """The hearing with what is new in the file; what was changed in chat stays."""
    fields = ("court", "city", "kind", "note", "sources")
    untouched = [it for it in fields if getattr(now, it) == getattr(known, it)]
    return now.model_copy(update={it: getattr(facts, it) for it in untouched})


def _same(one: Facts, other: Facts) -> bool:
    """Whether nobody has to be told: same time, and the court named the same way."""
    if _time_of(one) != _time_of(other):
        return False
    shared = one.court.keys() & other.court.keys()
    return bool(shared) and all(one.court[it] == other.court[it] for it in shared)


# --------------------------------------------------------------------------------- from chat


async def announce(session: AsyncSession, dossier: Dossier, facts: Facts, now: int) -> Hearing:
    """A hearing that is new to us, with its reminders. Its id is made unique in the case."""
    taken = {row.name for row in await store.of_case(session, dossier.case.id)}
    names = (f"{facts.id}-{number}" if number > 1 else facts.id for number in range(1, 1000))
    name = next(it for it in names if it not in taken)
    return await _store(session, dossier.case.id, facts.model_copy(update={"id": name}), now)


async def move(
    session: AsyncSession, dossier: Dossier, hearing: Hearing, facts: Facts, now: int
) -> int:
    """Another time or court for a hearing; everybody who follows is told; how many."""
    return await _change(session, dossier, hearing, facts, now, tell=True)


async def call_off(session: AsyncSession, dossier: Dossier, hearing: Hearing, now: int) -> int:
    """There will be no such hearing; everybody who follows is told; how many."""
    await store.lock(session, hearing)
    hearing.state = HearingState.CANCELLED
    hearing.version += 1
    await store.drop_plan(session, hearing)
    return await reminders.tell_change(session, dossier, hearing, "cancelled", now)


async def close(
    session: AsyncSession, hearing: Hearing, outcome: str, language: str, now: int
) -> None:
    """The hearing took place; what came of it takes the place of the note. Nobody is told."""
    await store.lock(session, hearing)
    hearing.state = HearingState.HELD
    await store.drop_plan(session, hearing)
    await store.drop_queued(session, hearing, [reminders.NOTICE], now)
    _rewrite(hearing, facts_of(hearing).model_copy(update={"note": {language: outcome}}))


# ----------------------------------------------------------------------------------- the rows


async def _store(session: AsyncSession, case_id: str, facts: Facts, now: int) -> Hearing:
    hearing = await store.add(
        session,
        case_id=case_id,
        name=facts.id,
        local=facts.local,
        timezone=facts.timezone,
        starts_at=instant(facts.local, facts.timezone),
        document=facts.model_dump_json(),
    )
    await store.plan(session, hearing, reminders.plan(hearing.starts_at, now))
    return hearing


async def _change(
    session: AsyncSession,
    dossier: Dossier,
    hearing: Hearing,
    facts: Facts,
    now: int,
    *,
    tell: bool,
) -> int:
    """Give a hearing a new version. Without `tell` people hear of it only if they were told of
    the hearing before; else its reminders begin anew.
    """
    await store.lock(session, hearing)
    before = _time_of(hearing)
    hearing.local, hearing.timezone = facts.local, facts.timezone
    hearing.starts_at = instant(facts.local, facts.timezone)
    hearing.state = HearingState.ANNOUNCED
    hearing.version += 1
    _rewrite(hearing, facts)
    if hearing.starts_at <= now:
        await store.drop_plan(session, hearing)
        return 0
    if not tell and not await store.was_told(session, hearing):
        await store.plan(session, hearing, reminders.plan(hearing.starts_at, now))
        return 0
    await store.plan(session, hearing, reminders.points_ahead(hearing.starts_at, now))
    was = before if before != _time_of(hearing) else ("", "")
    return await reminders.tell_change(session, dossier, hearing, "changed", now, before=was)


def _time_of(hearing: Hearing | Facts) -> tuple[str, str]:
    return hearing.local, hearing.timezone


def _rewrite(hearing: Hearing, facts: Facts) -> None:
    hearing.document = facts.model_dump_json()
