"""What an alert says, frozen: the payload that organisers approve is the payload that is sent."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from handlers import casebook
from handlers.campaign import Case, Contact, Hearing, Target, Words
from handlers.casebook import Dossier
from handlers.contact_book import open_book
from handlers.embassies import Found, resolve_all
from handlers.stand_ins import stand_in
from storage import hearings
from storage.directory import Directory


class AlertPayload(BaseModel):
    """Everything a notice needs; nothing is looked up any more when it is rendered."""

    model_config = ConfigDict(frozen=True)

    headline: Words  # language → one line, as the organisers wrote it
    text: Words
    case: Case
    country: str  # whose authorities are written to
    main_language: str
    drill: bool
    issued: str  # ISO date
    targets: tuple[Target, ...]  # the case's, in order, without the reader's own embassy
    own_embassy: bool  # does the case ask to write to it?
    embassy_target: Target | None = None  # how the campaign speaks to it
    embassies: dict[str, Found]  # reader's country → the mission that answers for it
    fallback: Target | None  # whom to write to where no mission is known
    copies_to: tuple[Contact, ...]
    hearing: Hearing | None = None  # the next one, if it is known and ahead
    page: str = ""  # the address of its action page; "" if it has none
    corrects: int = 0  # the number of the alert in whose place this one stands

    @property
    def is_urgent(self) -> bool:
        """Does it go to those, too, who want nothing that can wait?"""
        return self.case.urgency == "urgent"

    @property
    def content_hash(self) -> str:
        """What an approval is for: any change of what would be sent changes it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


async def make_payload(
    session: AsyncSession,
    dossier: Dossier,
    *,
    headline: Words,
    text: Words,
    directory: Directory,
    now: int,
    page: str = "",
) -> AlertPayload:
    """The payload of an alert about this case, with every contact as known now."""
    today = datetime.fromtimestamp(now, UTC).date()
    campaign, case = dossier.campaign, dossier.case
    book = await open_book(session)
    every = {it.id: it for it in await casebook.targets(session, campaign.id, book)}
    named = [every[name] for name in case.targets if name in every]
    missions = directory.missions(campaign.country)
    ours = book.overrides(campaign.country, list(every.values()))
    return AlertPayload(
        headline=headline,
        text=text,
        case=case,
        country=campaign.country,
        main_language=campaign.language,
        drill=campaign.drill,
        issued=today.isoformat(),
        targets=tuple(target for target in named if not target.own_embassy),
        embassy_target=next((it for it in named if it.own_embassy), None),
        own_embassy=not named or any(target.own_embassy for target in named),
        embassies=resolve_all(missions, ours, today=today, doubtful=book.doubtful),
        fallback=stand_in(named, list(every.values())),
        copies_to=tuple(campaign.copies_to),
        hearing=await _next_hearing(session, case.id, now),
        page=page,
    )


async def _next_hearing(session: AsyncSession, case_id: str, now: int) -> Hearing | None:
    ahead = await hearings.upcoming(session, now, [case_id])
    return Hearing.model_validate_json(ahead[0].document) if ahead else None
