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
from handlers.i18n import Translator


async def store_campaign(storage: Storage, campaign: Campaign, now: int) -> None:
    """Put the campaign in place of its former version, hearings and reminders with it.

    Raises `storage.cases.CaseElsewhereError` when a case belongs to another campaign.
    """
    async with storage.database.write() as session:
        await casebook.save(session, campaign, now)
        await docket.put_hearings(session, campaign, now)


async def import_file(config: Config, path: Path) -> list[str]:
    """Import a file; the lines to show. Raises `CampaignFileError` when it is faulty."""
    campaign, holes = read_campaign(path.read_text("utf-8"))
    async with open_storage(config) as storage:
        await store_campaign(storage, campaign, clock())
    hearings = sum(len(case.hearings) for case in campaign.cases)
    summary = (
        f"Imported {campaign.id}. Cases: {len(campaign.cases)}, targets: {len(campaign.targets)}, "
        f"hearings: {hearings}, things to look at: {len(holes)}. Nothing was sent."
    )
    return [*problem_lines(path, holes), summary]


def problem_lines(path: Path, problems: Sequence[Problem]) -> list[str]:
    """Each problem as "FILE:LINE: sentence"."""
    return [f"{path}:{problem.line}: {_sentence(problem)}" for problem in problems]


def _sentence(problem: Problem) -> str:
    sentence = Translator("en").t(problem.key, **problem.args)
    return f"{problem.where}: {sentence}" if problem.where else sentence


__all__ = ["CampaignFileError", "import_file", "problem_lines", "store_campaign"]
