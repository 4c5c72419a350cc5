"""Cases and campaigns in their typed form, kept by storage as documents, found by any name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.campaign import Campaign, Case, Contact, Target, pick
from handlers.command import UserError
from handlers.contact_book import Book, open_book
from handlers.words import matchable
from storage import cases as store
from storage.models import Case as CaseRow

_LONGEST_NAME = 80  # characters of what was typed that are looked up and shown


@dataclass(frozen=True, slots=True)
class Dossier:
    """A case together with the campaign it belongs to (whose lists of cases and targets are
    empty: they are rows of their own).
    """

    case: Case
    campaign: Campaign
    is_open: bool = True

    def title(self, language: str) -> str:
        """The case's title for a reader."""
        return pick(self.case.title, language, self.campaign.language)


@lru_cache(maxsize=512)
def _case(document: str) -> Case:
    """The case as anybody may read it. Nothing that answers or notifies sees the rest."""
    return Case.model_validate_json(document).as_public


@lru_cache(maxsize=64)
def _campaign(document: str) -> Campaign:
    return Campaign.model_validate_json(document)


async def save(session: AsyncSession, campaign: Campaign, now: int) -> None:
    """Store a whole campaign in place of its former version, without its hearings."""
    bare = campaign.model_copy(update={"cases": [], "targets": []})
    await store.save_campaign(
        session,
        store.CampaignDocuments(
            id=campaign.id,
            country=campaign.country,
            drill=campaign.drill,
            document=bare.model_dump_json(),
            cases=[
                (case.id, case.model_copy(update={"hearings": []}).model_dump_json())
                for case in campaign.cases
            ],
            targets=[_target_document(target) for target in campaign.targets],
        ),
        now,
    )


def _target_document(target: Target) -> store.TargetDocument:
    bare = target.model_copy(update={"contacts": []})
    contacts = [contact.model_dump_json() for contact in target.contacts]
    return store.TargetDocument(target.id, bare.model_dump_json(), contacts)


async def open_dossiers(session: AsyncSession) -> list[Dossier]:
    """Every open case with its campaign."""
    campaigns = {row.id: _campaign(row.document) for row in await store.campaigns(session)}
    rows = await store.open_cases(session)
    return [Dossier(_case(row.document), campaigns[row.campaign_id]) for row in rows]


async def whole_cases(session: AsyncSession, campaign_id: str) -> list[Case]:
    """The open cases of a campaign with all that its file says, for whoever runs the program."""
    rows = await store.open_cases(session)
    return [
        Case.model_validate_json(row.document) for row in rows if row.campaign_id == campaign_id
    ]


async def dossier(session: AsyncSession, case_id: str) -> Dossier | None:
    """One case by its id, open or closed."""
    row = await store.get_case(session, case_id)
    return await _dossier(session, row) if row else None


async def _dossier(session: AsyncSession, row: CaseRow) -> Dossier | None:
    campaign = await store.get_campaign(session, row.campaign_id)
    if campaign is None:
        return None
    return Dossier(_case(row.document), _campaign(campaign.document), row.closed_at is None)


async def campaigns(session: AsyncSession) -> list[Campaign]:
    """Every campaign, without cases and targets."""
    return [_campaign(row.document) for row in await store.campaigns(session)]


async def targets(
    session: AsyncSession, campaign_id: str, book: Book | None = None
) -> list[Target]:
    """A campaign's targets with their contacts as they are known now (see `contact_book`)."""
    book = book or await open_book(session)
    return [book.target(campaign_id, it) for it in await _targets(session, campaign_id)]


async def _targets(session: AsyncSession, campaign_id: str) -> list[Target]:
    return [
        Target.model_validate_json(row.document).model_copy(
            update={"contacts": [Contact.model_validate_json(text) for text in row.contacts]}
        )
        for row in await store.targets(session, campaign_id)
    ]


async def find(session: AsyncSession, text: str, language: str) -> Dossier:
    """The open case meant by an id or a name in any spelling of the file.

    Raises `UserError` when none or several could be meant, naming the nearest, or when the id is
    that of a closed one.
    """
    named = await dossier(session, text.strip().lower()[:_LONGEST_NAME])
    if named is not None and not named.is_open:
        raise UserError("case-closed")
    dossiers = await open_dossiers(session)
    if not dossiers:
        raise UserError("case-none-yet")
    text = text[:_LONGEST_NAME]
    wanted = matchable(text)
    exact = [it for it in dossiers if it.case.id == text.strip().lower()]
    hits = exact or [it for it in dossiers if wanted in _names(it)] or _mentions(dossiers, wanted)
    if len(hits) == 1:
        return hits[0]
    if hits:
        raise UserError("case-ambiguous", text=text, cases=_list(hits, language))
    near = _nearest(dossiers, wanted)
    if near:
        raise UserError("case-unknown-near", text=text, cases=_list(near, language))
    raise UserError("case-unknown", text=text)


async def split_case(session: AsyncSession, text: str, language: str) -> tuple[Dossier, str]:
    """The case that the first words of `text` name, and the words that follow.

    The longest run of first words that names exactly one case wins, so that both
    "bokayev-ayan Trial opens" and "Max Bokayev Trial opens" work.
    """
    words = text.split()
    dossiers = await open_dossiers(session)
    for count in range(min(6, len(words)), 0, -1):
        wanted = matchable(" ".join(words[:count]))
        hits = [it for it in dossiers if wanted and wanted in _names(it)]
        if len(hits) == 1:
            return hits[0], " ".join(words[count:]).strip()
    return await find(session, words[0], language), " ".join(words[1:]).strip()


def _names(it: Dossier) -> frozenset[str]:
    case = it.case
    names = [case.id, case.reference, *case.title.values()]
    for person in case.people:
        names += [person.name, *person.variants, *person.names.values()]
        names += [name.split()[-1] for name in (person.name, *person.names.values())]
    return frozenset(matchable(name) for name in names if name)


def _mentions(dossiers: Sequence[Dossier], wanted: str) -> list[Dossier]:
    if len(wanted) < 3:
        return []
    return [it for it in dossiers if any(wanted in name.split() for name in _names(it))]


def _nearest(dossiers: Iterable[Dossier], wanted: str) -> list[Dossier]:
    by_name = {name: it for it in dossiers for name in _names(it)}
    close = difflib.get_close_matches(wanted, by_name, n=5, cutoff=0.7)
    return list({by_name[name].case.id: by_name[name] for name in close}.values())


def _list(dossiers: Iterable[Dossier], language: str) -> str:
    return "\n".join(f"• {it.case.id}: {it.title(language)}" for it in dossiers)
