"""When people are reminded of a hearing, and the tick that turns what is due into notices."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from handlers import casebook
from handlers.campaign import Hearing as Facts
from handlers.campaign import pick
from handlers.casebook import Dossier
from handlers.command import tell_organisers
from handlers.i18n import Translator
from handlers.message import Message, paragraph
from handlers.reminder_notice import Kind, ReminderPayload, court_time, reminder
from handlers.wall_time import likely_instant
from storage import hearings as store
from storage import lockdown, notices, outbox, subscribers
from storage.models import Hearing, HearingState, Reminder, ReminderState
from storage.notices import About

__all__ = ["fire_due", "plan", "rederive", "reminder"]

POINTS: dict[str, int] = {"7d": 7 * 86400, "1d": 86400, "2h": 2 * 3600}
"""Kind of reminder → seconds before the hearing."""

NOTICE, CHANGE_NOTICE = "reminder", "hearing-changed"


def points_ahead(starts_at: int, now: int) -> list[tuple[str, int]]:
    """The reminders that still lie ahead: kind and when."""
    due = [(kind, starts_at - before) for kind, before in POINTS.items()]
    return [(kind, at) for kind, at in due if at > now]


def plan(starts_at: int, now: int) -> list[tuple[str, int]]:
    """The reminders of a hearing announced now.

    All that would be due already is one reminder at once: the courts often announce a hearing
    the evening before. A hearing that is over has none.
    """
    if starts_at <= now:
        return []
    ahead = points_ahead(starts_at, now)
    return ahead if len(ahead) == len(POINTS) else [("now", now), *ahead]


async def fire_due(session: AsyncSession, now: int) -> int:
    """Turn every reminder that is due into a notice; returns how many.

    After a standstill only the newest reminder of a hearing goes out, if the hearing is still
    ahead; of one that is over, the organisers are told instead.
    """
    if await lockdown.is_on(session):
        return 0
    return sum([await _fire(session, *found, now) for found in await store.due(session, now)])


async def _fire(session: AsyncSession, hearing: Hearing, due: list[Reminder], now: int) -> int:
    dossier = await casebook.dossier(session, hearing.case_id)
    if dossier is None or not dossier.is_open or hearing.state != HearingState.ANNOUNCED:
        _become(ReminderState.CANCELLED, due)
        return 0
    if hearing.starts_at <= now:
        _become(ReminderState.MISSED, due)
        await _own_up(session, dossier, hearing, len(due), now)
        return 0
    *older, newest = due
    _become(ReminderState.MISSED, older)
    _become(ReminderState.FIRED, [newest])
    await _tell(session, NOTICE, payload_of(dossier, hearing, newest.kind, now), now)
    return 1


def _become(state: ReminderState, reminders: Iterable[Reminder]) -> None:
    for it in reminders:
        it.state = state


async def _own_up(
    session: AsyncSession, dossier: Dossier, hearing: Hearing, count: int, now: int
) -> None:
    """Tell the organisers that readers were not reminded, and why."""

    def compose(translator: Translator) -> Message:
        when = wall_time_of(hearing, dossier, translator)
        title = dossier.title(translator.language)
        text = translator.t(
            "reminders-missed", count=count, case=title, when=when, number=hearing.id
        )
        return Message(blocks=(paragraph(text),))

    await tell_organisers(session, now, compose)


async def tell_change(
    session: AsyncSession,
    dossier: Dossier,
    hearing: Hearing,
    kind: Kind,
    now: int,
    *,
    before: tuple[str, str] = ("", ""),
) -> int:
    """Tell the case's followers at once that a hearing changed or is off; how many.

    What is queued about its former versions is taken back. `before`: the wall time and zone it
    had, if they are others now.
    """
    await store.drop_queued(session, hearing, [NOTICE, CHANGE_NOTICE], now)
    payload = payload_of(dossier, hearing, kind, now, before=before)
    told = await _tell(session, CHANGE_NOTICE, payload, now)
    await store.note_told(session, hearing, kind, now)
    return told


async def _tell(session: AsyncSession, notice: str, payload: ReminderPayload, now: int) -> int:
    about = About(payload.case_id, payload.country, lane=outbox.REMINDERS)
    row = await notices.add(session, notice, payload.model_dump_json(), about, now)
    who = subscribers.wants(payload.case_id, payload.country)
    return await notices.fan_out(session, row, who, now)


async def rederive(session: AsyncSession, now: int) -> int:
    """Work out again when hearings are, as time zone data may have changed; how many moved.

    The time on the court's clock stays; reminders that wait move along.
    """
    moved = 0
    for hearing in await store.everyone_ahead(session, now):
        starts_at = likely_instant(hearing.local, hearing.timezone)
        if starts_at != hearing.starts_at:
            hearing.starts_at = starts_at
            await _shift(session, hearing)
            moved += 1
    return moved


async def _shift(session: AsyncSession, hearing: Hearing) -> None:
    for it in await store.reminders(session, hearing):
        if it.state == ReminderState.WAITING and it.kind in POINTS:
            it.due_at = hearing.starts_at - POINTS[it.kind]


def payload_of(
    dossier: Dossier,
    hearing: Hearing,
    kind: str,
    now: int,
    *,
    before: tuple[str, str] = ("", ""),
) -> ReminderPayload:
    """What a notice about the hearing says, as it stands now."""
    facts = facts_of(hearing)
    return ReminderPayload.model_validate(
        {
            "hearing": hearing.id,
            "version": hearing.version,
            "uid": f"{hearing.case_id}.{hearing.name}@tocsin",
            "kind": kind,
            "told_at": now,
            "case_id": hearing.case_id,
            "country": dossier.campaign.country,
            "drill": dossier.campaign.drill,
            "main_language": dossier.campaign.language,
            "title": dossier.case.title,
            "court": facts.court,
            "city": facts.city,
            "part": facts.kind,
            "note": facts.note,
            "local": hearing.local,
            "timezone": hearing.timezone,
            "starts_at": hearing.starts_at,
            "before": before[0],
            "before_timezone": before[1],
        }
    )


def facts_of(hearing: Hearing) -> Facts:
    """What is known of a stored hearing."""
    return from_json(hearing.document)


def from_json(document: str) -> Facts:
    """A hearing that was checked when it was stored.

    It is not checked again: today's time zone data may know better, and no notice may fail for
    that.
    """
    return Facts.model_construct(**json.loads(document))


def wall_time_of(hearing: Hearing, dossier: Dossier, translator: Translator) -> str:
    """When a hearing is, by the court's clock."""
    city = pick(facts_of(hearing).city, translator.language, dossier.campaign.language)
    return court_time(hearing.local, hearing.timezone, city, translator)
