"""Campaigns, cases, targets and contacts. Their contents are public documents (JSON).

The typed form of the documents is `handlers.campaign`; here they are only kept and found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Campaign, Case, Contact, Target


class CaseElsewhereError(Exception):
    """A case with this id belongs to another campaign already."""


@dataclass(frozen=True, slots=True)
class TargetDocument:
    """A target with its contacts, in order, each as JSON."""

    name: str
    document: str
    contacts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CampaignDocuments:
    """A whole campaign as it is stored."""

    id: str
    country: str
    drill: bool
    document: str
    cases: Sequence[tuple[str, str]] = ()  # id, document
    targets: Sequence[TargetDocument] = field(default=())


async def save_campaign(session: AsyncSession, campaign: CampaignDocuments, now: int) -> None:
    """Put a campaign in place of its former version; cases it no longer names are closed."""
    await session.merge(
        Campaign(
            id=campaign.id,
            country=campaign.country,
            drill=campaign.drill,
            document=campaign.document,
        )
    )
    await session.flush()
    await _save_cases(session, campaign, now)
    await session.execute(delete(Target).where(Target.campaign_id == campaign.id))
    for position, target in enumerate(campaign.targets):
        await _add_target(session, campaign.id, position, target)


async def _save_cases(session: AsyncSession, campaign: CampaignDocuments, now: int) -> None:
    named = dict(campaign.cases)
    for position, (case_id, document) in enumerate(campaign.cases):
        case = await session.get(Case, case_id)
        if case is None:
            case = Case(id=case_id, campaign_id=campaign.id)
            session.add(case)
        elif case.campaign_id != campaign.id:
            raise CaseElsewhereError(case_id)
        case.position, case.document = position, document
        if not case.outcome:  # what an organiser has closed stays closed
            case.closed_at = None
    kept = await session.scalars(select(Case).where(Case.campaign_id == campaign.id))
    for case in kept:
        if case.id not in named and case.closed_at is None:
            case.closed_at = now
    await session.flush()


async def _add_target(
    session: AsyncSession, campaign_id: str, position: int, target: TargetDocument
) -> None:
    row = Target(
        campaign_id=campaign_id, name=target.name, position=position, document=target.document
    )
    session.add(row)
    await session.flush()
    session.add_all(
        Contact(target_id=row.id, position=place, document=document)
        for place, document in enumerate(target.contacts)
    )
    await session.flush()


async def open_cases(session: AsyncSession) -> list[Case]:
    """The cases that are being campaigned for, in the order of their files."""
    rows = await session.scalars(
        select(Case).where(Case.closed_at.is_(None)).order_by(Case.campaign_id, Case.position)
    )
    return list(rows)


async def get_case(session: AsyncSession, case_id: str) -> Case | None:
    """One case, open or closed."""
    return await session.get(Case, case_id)


async def close(session: AsyncSession, case_id: str, outcome: str, now: int) -> bool:
    """End a case; False if an organiser has done so already."""
    closed = await session.scalar(
        update(Case)
        .where(Case.id == case_id, Case.outcome == "")
        .values(closed_at=now, outcome=outcome)
        .returning(Case.id)
        .execution_options(synchronize_session=False)
    )
    return closed is not None


async def reopen(session: AsyncSession, case_id: str) -> None:
    """Take up a closed case again."""
    await session.execute(
        update(Case)
        .where(Case.id == case_id)
        .values(closed_at=None, outcome="")
        .execution_options(synchronize_session=False)
    )


async def outcome(session: AsyncSession, case_id: str) -> str:
    """How a case ended, as an organiser said; "" if none did."""
    return await session.scalar(select(Case.outcome).where(Case.id == case_id)) or ""


async def closed(session: AsyncSession, campaign_id: str) -> list[tuple[str, str]]:
    """The closed cases of a campaign with how they ended, in the order of its file."""
    rows = await session.execute(
        select(Case.id, Case.outcome)
        .where(Case.campaign_id == campaign_id, Case.closed_at.is_not(None))
        .order_by(Case.position, Case.id)
    )
    return [(case_id, ended) for case_id, ended in rows]


async def get_campaign(session: AsyncSession, campaign_id: str) -> Campaign | None:
    """One campaign."""
    return await session.get(Campaign, campaign_id)


async def campaigns(session: AsyncSession) -> list[Campaign]:
    """Every campaign."""
    return list(await session.scalars(select(Campaign).order_by(Campaign.id)))


async def targets(session: AsyncSession, campaign_id: str) -> list[TargetDocument]:
    """The targets of a campaign with their contacts, in the order of the file."""
    rows = await session.execute(
        select(Target, Contact.document)
        .outerjoin(Contact, Contact.target_id == Target.id)
        .where(Target.campaign_id == campaign_id)
        .order_by(Target.position, Contact.position)
    )
    found: dict[str, tuple[str, list[str]]] = {}
    for target, contact in rows:
        contacts = found.setdefault(target.name, (target.document, []))[1]
        if contact is not None:
            contacts.append(contact)
    return [TargetDocument(name, document, list_) for name, (document, list_) in found.items()]
