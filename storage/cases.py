"""Campaigns, cases, targets and contacts. Their contents are public documents (JSON).

The typed form of the documents is `handlers.campaign`; here they are only kept and found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select
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
        case.position, case.document, case.closed_at = position, document, None
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
