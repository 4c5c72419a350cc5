"""`tocsin directory coverage`: who can reach what, as a table in the terminal or as a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from bot.app import open_storage
from bot.config import Config
from bot.directory.refresh import open_directory
from bot.render.coverage import picture
from handlers import casebook
from handlers.contact_book import open_book
from handlers.countries import country_codes, country_name
from handlers.coverage import LEVELS, Level, Reach, counted, coverage
from handlers.embassies import Override, Reason
from handlers.embassy_channels import Channel

_MARKS = {
    Level.EMAIL: "@",
    Level.CALL: "T",
    Level.POST: "p",
    Level.NOTHING: "·",
    Level.UNKNOWN: "-",
}
_SAID = {
    Level.EMAIL: "an e-mail",
    Level.CALL: "only a telephone or fax",
    Level.POST: "only post, a website, or something older than five years",
    Level.NOTHING: "a mission without any contact",
    Level.UNKNOWN: "nothing known",
}
_REASONS = {
    Reason.OWN_CONTACT: "the campaign's own contact",
    Reason.RESIDENT: "an embassy in the country",
    Reason.ACCREDITED: "an embassy elsewhere that answers for it",
    Reason.CONSULATE: "a consulate",
}


class CoverageError(Exception):
    """What was asked for cannot be shown; the message says why."""


async def show(
    config: Config,
    sendings: Sequence[str],
    readers: Sequence[str],
    *,
    today: date,
    file: Path | None = None,
) -> list[str]:
    """The lines to print. Raises `CoverageError`."""
    directory = open_directory(config)
    countries = _codes(readers) or sorted(country_codes())
    wanted = _codes(sendings) or sorted(country_codes())
    own = await _overrides(config)
    reaches = coverage(
        directory.missions, wanted, countries, lambda it: own.get(it, ()), today=today
    )
    if file is not None:
        file.write_text(picture(reaches, _title(wanted, today)), "utf-8")
    lines = list(_sums(reaches))
    if len(wanted) == 1:
        return [*lines, "", *_table(reaches)]
    if any(readers):
        return [*lines, "", *_matrix(reaches, wanted, countries)]
    return [*lines, "", *_states(reaches, wanted)]


def _codes(written: Sequence[str]) -> list[str]:
    codes = [it.upper() for text in written for it in re.split(r"[\s,]+", text) if it]
    for code in codes:
        if code not in country_codes():
            raise CoverageError(f"{code}: no country code. Write two letters: KZ.")
    return list(dict.fromkeys(codes))


async def _overrides(config: Config) -> Mapping[str, Sequence[Override]]:
    """What the campaigns and organisers of this installation know better, by sending state."""
    if not _is_there(config.database.url):
        return {}
    async with open_storage(config) as storage, storage.database.read() as session:
        book = await open_book(session)
        found: dict[str, list[Override]] = {}
        for campaign in await casebook.campaigns(session):
            targets = await casebook.targets(session, campaign.id)
            found.setdefault(campaign.country, []).extend(
                book.overrides(campaign.country, targets)
            )
    return found


def _is_there(url: str) -> bool:
    """Looking at the coverage is no reason to make a database."""
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).exists()


def _title(sendings: Sequence[str], today: date) -> str:
    whose = ", ".join(sendings) if len(sendings) <= 3 else f"{len(sendings)} states"
    return f"Embassies of {whose} that readers can reach, {today.isoformat()}"


def _sums(reaches: Sequence[Reach]) -> Iterator[str]:
    reasons, levels = counted(reaches)
    yield f"{len(reaches)} pairs of a sending state and a reader's country. They have:"
    for reason, said in _REASONS.items():
        yield f"  {reasons[reason]:6} {said}"
    yield "They can use:"
    for level in LEVELS:
        yield f"  {levels[level]:6} {_MARKS[level]} {_SAID[level]}"


def _table(reaches: Sequence[Reach]) -> Iterator[str]:
    """One state: a line for each country that has something."""
    known = [it for it in reaches if it.level is not Level.UNKNOWN]
    for reach in known:
        name = country_name(reach.country, "en")
        place = reach.found.city or country_name(reach.found.host, "en")
        where = f"from {place}" if reach.from_elsewhere else place
        channels = ", ".join(map(_channel, reach.found.channels)) or "no contact"
        yield f"{reach.country} {name:24.24} {where:20.20} {channels}"
    silent = [it.country for it in reaches if it.level is Level.UNKNOWN]
    if silent:
        yield f"Nothing known for: {' '.join(silent)}"


def _channel(channel: Channel) -> str:
    dated = channel.checked or channel.as_of
    return f"{channel.kind} {dated:%m/%Y}" if dated else channel.kind


def _matrix(
    reaches: Sequence[Reach], sendings: Sequence[str], countries: Sequence[str]
) -> Iterator[str]:
    """Several states and some countries: one mark for each pair."""
    by_pair = {(it.sending, it.country): _MARKS[it.level] for it in reaches}
    yield f"   {' '.join(countries)}"
    for sending in sendings:
        marks = (f"{by_pair.get((sending, country), ' '):2}" for country in countries)
        yield f"{sending} {' '.join(marks)}".rstrip()


def _states(reaches: Sequence[Reach], sendings: Sequence[str]) -> Iterator[str]:
    """All states and countries: how many countries can use what, for each state."""
    yield f"{'':27}" + "".join(f"{_MARKS[level]:>6}" for level in LEVELS)
    for sending in sendings:
        _, levels = counted(it for it in reaches if it.sending == sending)
        if levels[Level.UNKNOWN] < sum(levels.values()):
            numbers = "".join(f"{levels[level]:6}" for level in LEVELS)
            yield f"{sending} {country_name(sending, 'en'):24.24}{numbers}"
