"""Reads the file in which organisers describe a campaign (see docs/campaign-file.md)."""

from __future__ import annotations

import copy
import re
import tomllib

from pydantic import ValidationError

from handlers.campaign import Campaign, Target
from handlers.campaign_care import told_with_care
from handlers.campaign_checks import Raw, cross_checked, take_contacts
from handlers.campaign_fields import known_language, known_zone
from handlers.campaign_lines import Lines
from handlers.campaign_problems import CampaignFileError, Problem, explain, placed

__all__ = ["CampaignFileError", "Problem", "read_campaign"]


def read_campaign(text: str) -> tuple[Campaign, list[Problem]]:
    """The campaign in a TOML text, and its holes: contacts that cannot be used as they are.

    Raises `CampaignFileError` with every mistake in the file.
    """
    text = text.removeprefix("\ufeff")  # Windows editors put a byte order mark in front
    written = _parsed(text)
    raw = copy.deepcopy(written)
    language = _main_language(raw)
    errors, warnings = take_contacts(raw, language)
    _complete_hearings(raw)
    errors += cross_checked(raw)
    lines = Lines(text)
    try:
        campaign = Campaign.model_validate(raw, context={"language": language})
    except ValidationError as wrong:
        errors += [explain(error) for error in wrong.errors()]
    if errors:
        raise CampaignFileError(placed(errors, lines, written))
    warnings += told_with_care(campaign)
    targets = [_dated(target) for target in campaign.targets]
    return campaign.model_copy(update={"targets": targets}), placed(warnings, lines, written)


def _parsed(text: str) -> Raw:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        message = str(wrong)
    except RecursionError:
        message = "Too many brackets inside each other (at line 1, column 1)"
    detail, _, position = message.partition(" (at ")
    found = re.search(r"line (\d+), column (\d+)", position)
    line, column = found.groups() if found else (str(text.count("\n") + 1), "1")
    problem = Problem(int(line), "", "import-syntax", {"detail": detail, "column": column})
    raise CampaignFileError([problem])


def _main_language(raw: Raw) -> str:
    """The language of plain strings; a wrong one is reported with everything else."""
    language = raw.get("language", "en")
    try:
        return known_language(language) if isinstance(language, str) else "en"
    except ValueError:
        return "en"


def _complete_hearings(raw: Raw) -> None:
    """Gives hearings without them the campaign's time zone, and an id from the case's."""
    cases = raw.get("cases")
    for case in cases if isinstance(cases, list) else []:
        hearings = case.get("hearings") if isinstance(case, dict) else None
        for number, hearing in enumerate(hearings if isinstance(hearings, list) else [], 1):
            if isinstance(hearing, dict):
                hearing.setdefault("timezone", _zone(raw.get("timezone")))
                hearing.setdefault("id", f"{case.get('id', '')}-{number}")


def _zone(name: object) -> str:
    """The campaign's zone; if it is missing or wrong that is reported once, where it stands."""
    try:
        return known_zone(name) if isinstance(name, str) else "UTC"
    except ValueError:
        return "UTC"


def _dated(target: Target) -> Target:
    """The target with its own date on every contact that names none."""
    contacts = [
        contact if contact.as_of else contact.model_copy(update={"as_of": target.as_of})
        for contact in target.contacts
    ]
    return target.model_copy(update={"contacts": contacts})
