"""`tocsin import`: a campaign file into the database, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.app import Storage, clock, open_storage
from bot.config import Config
from handlers import casebook, docket
from handlers.campaign import Campaign
from handlers.campaign_file import CampaignFileError, read_campaign
from handlers.campaign_problems import Problem
from handlers.closing import stop_queued
from handlers.i18n import Translator
from storage import cases


async def store_campaign(storage: Storage, campaign: Campaign, now: int) -> None:
    """Put the campaign in place of its former version, hearings and reminders with it.

    Raises `storage.cases.CaseElsewhereError` when a case belongs to another campaign.
    """
    async with storage.database.write() as session:
        await casebook.save(session, campaign, now)
        for case_id, outcome in await cases.closed(session, campaign.id):
            if not outcome:  # the file names it no more
                await stop_queued(session, case_id, now)
        await docket.put_hearings(session, campaign, now)


class RefusedError(Exception):
    """The file is faulty; `lines` say where, and what to do about it."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


async def import_file(config: Config, path: Path) -> list[str]:
    """Import a file; the lines to show. Raises `RefusedError` when it is faulty."""
    try:
        campaign, holes = read_campaign(path.read_text("utf-8"))
    except CampaignFileError as error:
        raise RefusedError(_lines(path, error.problems)) from None
    except UnicodeDecodeError:
        raise RefusedError([f"{path}: this is no text in UTF-8. Save it as UTF-8."]) from None
    async with open_storage(config) as storage:
        await store_campaign(storage, campaign, clock())
        closed = await _closed(storage, campaign)
    hearings = sum(len(case.hearings) for case in campaign.cases)
    summary = (
        f"Imported {campaign.id}. Cases: {len(campaign.cases)}, targets: {len(campaign.targets)}, "
        f"hearings: {hearings}, things to look at: {len(holes)}. Nothing was sent."
    )
    return [*_lines(path, holes), *closed, summary]


async def _closed(storage: Storage, campaign: Campaign) -> list[str]:
    """What is closed: by an organiser, or because the file names it no more."""
    async with storage.database.read() as session:
        found = await cases.closed(session, campaign.id)
    named = {case.id for case in campaign.cases}
    stays = "The case {} was closed in the chat and stays closed. /reopen {} opens it."
    gone = "The case {} is not in the file and is closed now. /close {} tells the readers."
    lines = [stays.format(it, it) for it, outcome in found if outcome and it in named]
    return lines + [gone.format(it, it) for it, outcome in found if not outcome]


def _lines(path: Path, problems: Sequence[Problem]) -> list[str]:
    """Each problem as "FILE:LINE: sentence"."""
    return [f"{path}:{problem.line}: {_sentence(problem)}" for problem in problems]


def _sentence(problem: Problem) -> str:
    sentence = Translator("en").t(problem.key, **problem.args)
    return f"{problem.where}: {sentence}" if problem.where else sentence
