"""Refreshing the embassy directory: what wins, what is refused, and faults that change nothing."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from bot.app import clock, open_storage
from bot.config import Config, build_config
from bot.directory import refresh as refreshing
from bot.directory.news import tell
from bot.directory.printed import is_a_persons, number_in, read_values
from bot.directory.refresh import (
    RefreshError,
    folder_of,
    is_outdated,
    open_directory,
    refresh,
)
from bot.directory.wikidata import read_answer
from bot.import_campaign import store_campaign
from handlers.embassies import resolve
from storage import organisers, outbox
from storage.directory import Directory, Mission
from storage.directory.merging import Change, Outcome
from storage.directory.rows import read_rows, written
from tests.fakes.embassy_sources import EmbassySources, mission, office
from tests.people import sample

TODAY = date(2026, 11, 27)


@pytest.fixture
def config(sources: EmbassySources, tmp_path: Path) -> Config:
    about = {
        "contact": "ops@example.org",
        "wikidata_url": f"{sources.url}sparql",
        "germany_url": f"{sources.url}germany",
    }
    return build_config({"directory": about}, tmp_path)


async def _refreshed(
    config: Config, wanted: Collection[str] = ("KZ",), *, today: date = TODAY, **how: object
) -> list[Change]:
    async def at_once(_seconds: float) -> None:
        """Nobody waits in tests."""

    return await refresh(config, wanted, today=today, **{"sleep": at_once, **how})  # type: ignore[arg-type]


def _now(config: Config, host: str, sending: str = "KZ") -> Mission:
    return next(it for it in open_directory(config).missions(sending) if it.host == host)


def _offered(config: Config, host: str) -> bool:
    return host in {it.host for it in open_directory(config).missions("KZ")}


def _said(changes: Collection[Change], what: str, host: str) -> list[Outcome]:
    return [it.outcome for it in changes if (it.what, it.host) == (what, host)]


# ---------------------------------------------------------------------------------- what wins


async def test_what_is_new_is_used_at_once_with_its_source_and_date(
    config: Config, sources: EmbassySources
) -> None:
    running = open_directory(config)  # as a bot has it that runs meanwhile
    assert not next(it for it in running.missions("KZ") if it.host == "BE").email
    sources.row("KZ", "BE").update(
        emails="mailto:Office@KazEmbassy.example",
        phones="02 373 38 90|+32 2 000",
        modified="2026-10-05T00:00:00Z",
    )

    changes = await _refreshed(config)

    brussels = next(it for it in running.missions("KZ") if it.host == "BE")
    assert (brussels.email, brussels.phone) == ("Office@kazembassy.example", "+3223733890")
    assert brussels.age["email"] == "2026-10-05"
    assert brussels.source["email"] == "Wikidata"
    assert _said(changes, "email", "BE") == [Outcome.ADDED]
    assert resolve(running.missions("KZ"), "LU", today=TODAY).channels[0].value == brussels.email


async def test_the_host_states_own_list_goes_before_wikidata(
    config: Config, sources: EmbassySources
) -> None:
    sources.germany["Kasachstan"][0] |= {
        "address": "Nordendstr. 14-17\n13156 Berlin",
        "phone": "030 47 00 71 11",
        "mail": "berlin@mfa.example, konsulat@mfa.example",
        "website": ["https://www.gov.example/berlin"],
    }
    sources.row("KZ", "DE")["websites"] = "http://old.example"

    changes = await _refreshed(config)

    berlin = _now(config, "DE")
    assert berlin.website == "https://www.gov.example/berlin"
    assert berlin.phone == "+493047007111"
    assert berlin.email == "berlin@mfa.example"
    assert berlin.address == "Nordendstr. 14-17, 13156 Berlin"
    assert berlin.source["phone"] == "Auswärtiges Amt"
    assert Outcome.REPLACED in _said(changes, "website", "DE")


async def test_wikidata_does_not_replace_another_states_list_nor_confirm_it(
    config: Config, sources: EmbassySources
) -> None:
    before = _now(config, "GB")
    sources.row("KZ", "GB")["emails"] = "mailto:else@where.example"
    sources.row("KZ", "GB")["phones"] = before.phone

    changes = await _refreshed(config)

    after = _now(config, "GB")
    assert (after.email, after.age["email"]) == (before.email, before.age["email"])
    assert _said(changes, "email", "GB") == [Outcome.KEPT]
    assert after.confirmed == {}


async def test_a_second_official_list_confirms_a_contact_by_its_day(
    config: Config, sources: EmbassySources
) -> None:
    website = _now(config, "DE").website
    sources.germany["Kasachstan"][0]["website"] = [f"{website.rstrip('/')}"]

    changes = await _refreshed(config)

    berlin = _now(config, "DE")
    assert berlin.website == website
    assert berlin.confirmed == {"website": "2026-09-21"}
    assert _said(changes, "website", "DE") == [Outcome.CONFIRMED]
    found = resolve(open_directory(config).missions("KZ"), "DE", today=TODAY)
    assert found.channels[-1].checked == date(2026, 9, 21)


async def test_a_general_mailbox_is_not_replaced_by_a_travellers_one(
    config: Config, sources: EmbassySources
) -> None:
    bern = _now(config, "CH").email
    sources.row("KZ", "CH")["emails"] = "mailto:visa.bern@mfa.example"

    changes = await _refreshed(config)

    assert _now(config, "CH").email == bern
    assert _said(changes, "email", "CH") == [Outcome.KEPT]


async def test_a_new_mission_gets_a_name_and_its_countries(
    config: Config, sources: EmbassySources
) -> None:
    sources.missions["KZ"] += [
        mission("Q1", "embassy", "HU", jurisdictions="HU SK", places="Budapest"),
        mission("Q2", "consulate-general", "DE", jurisdictions="", places="Munich"),
        mission("Q3", "honorary", "PT", emails="mailto:consul@private.example"),
        mission("Q4", "embassy", "MT IT"),  # stands in two countries: nobody guesses which
        mission("Q5", "embassy", "KZ", areaHosts="EG", jurisdictions=""),
    ]

    await _refreshed(config)

    missions = {it.id: it for it in open_directory(config).missions("KZ")}
    assert missions["wd-Q1"].name == "Embassy of Kazakhstan in Hungary"
    assert missions["wd-Q1"].jurisdictions == ("HU", "SK")
    assert missions["wd-Q2"].jurisdictions == ()
    assert missions["wd-Q2"].name == "Consulate General of Kazakhstan in Munich"
    assert missions["wd-Q5"].host == "EG"
    assert "jurisdiction_assumed" in missions["wd-Q5"].flags
    assert not missions.keys() & {"wd-Q3", "wd-Q4"}


async def test_the_holy_sees_missions_are_asked_for_by_their_class(
    config: Config, sources: EmbassySources
) -> None:
    await _refreshed(config, ["VA"], accept=True)

    assert any("VALUES ?root { wd:Q620045 }" in query for _, query in sources.asked)


async def test_nobody_by_name_is_kept_anywhere_but_in_the_raw_answers(
    config: Config, sources: EmbassySources
) -> None:
    sources.germany["Kasachstan"][0]["mail"] = "canary.leiterov@mfa.example"
    sources.germany["Kasachstan"].append(
        office("o2", "Honorarkonsulat", mail="canary@priv.example")
    )
    sources.row("KZ", "FI")["emails"] = "mailto:canary.person@mfa.example"

    changes = await _refreshed(config)

    folder = folder_of(config)
    kept = (folder / "missions.csv").read_text("utf-8")
    report = folder / "report-2026-11-27.csv"
    assert "canary" not in (kept + report.read_text("utf-8")).casefold()
    refused = [it for it in changes if it.outcome is Outcome.REFUSED]
    assert {it.new for it in refused} == {"…@mfa.example"}
    assert (report.stat().st_mode & 0o077) == 0
    raw = folder / "raw" / "2026-11-27"
    assert b"CANARY" in (raw / "germany.json").read_bytes()
    assert (raw.stat().st_mode & 0o077) == 0

    later = TODAY + timedelta(days=91)
    await _refreshed(config, today=later)
    assert [it.name for it in (folder / "raw").iterdir()] == [later.isoformat()]


# ------------------------------------------------------------------------- what changes nothing


async def test_a_mass_change_is_refused_until_somebody_accepts_it(
    config: Config, sources: EmbassySources
) -> None:
    for row in sources.missions["KZ"]:
        row["websites"] = row["websites"] and "https://spam.example"
    with pytest.raises(RefreshError, match=r"looks like a fault: \d+ of \d+ values of wikidata"):
        await _refreshed(config)
    assert not (folder_of(config) / "missions.csv").exists()
    report = folder_of(config) / "report-2026-11-27.csv"
    with report.open(encoding="utf-8") as file:
        assert {"changed"} <= {line["outcome"] for line in csv.DictReader(file)}

    await _refreshed(config, accept=True)
    assert _now(config, "DE").website == "https://spam.example"


async def test_many_addresses_out_of_nowhere_are_refused(
    config: Config, sources: EmbassySources
) -> None:
    for number, row in enumerate(sources.missions["KZ"][:20]):
        row["emails"] = row["emails"] or f"mailto:office{number}@spam.example"

    with pytest.raises(RefreshError, match=r"\d+ e-mail addresses are added to \d+"):
        await _refreshed(config)
    assert not (folder_of(config) / "missions.csv").exists()


async def test_many_new_missions_are_refused(config: Config, sources: EmbassySources) -> None:
    hosts = ("FJ", "TO", "WS", "VU", "SB", "KI", "TV", "NR", "PW", "FM", "MH", "BS")
    sources.missions["KZ"] += [mission(f"Q99{n}", "embassy", it) for n, it in enumerate(hosts)]

    with pytest.raises(RefreshError, match="12 missions are added to 43"):
        await _refreshed(config)


async def test_what_is_no_embassy_answers_for_nobody(
    config: Config, sources: EmbassySources
) -> None:
    for number, kind in enumerate(("trade-office", "permanent-mission", "diplomatic-mission"), 1):
        sources.missions["KZ"].append(mission(f"Q99{number}", kind, "FJ", jurisdictions=""))

    changes = await _refreshed(config)

    refused = [it for it in changes if it.outcome is Outcome.REFUSED]
    assert [(it.what, it.new, it.mission_id) for it in refused] == [
        ("mission", "Q7777777", "wd-Q991")
    ]
    found = resolve(open_directory(config).missions("KZ"), "FJ", today=TODAY)
    assert found.host != "FJ"


async def test_a_mission_to_an_organisation_is_not_the_embassy(
    config: Config, sources: EmbassySources
) -> None:
    before = next(it for it in open_directory(config).missions("GW") if it.host == "US")
    assert not before.id.startswith("wd-")
    row = mission("Q994", "permanent-mission", "US", emails="mailto:un@gw.example")
    sources.missions["GW"] = [row]

    await _refreshed(config, ("GW",), accept=True)

    after = [it for it in open_directory(config).missions("GW") if it.host == "US"]
    assert {it.id: it.email for it in after} == {
        before.id: before.email,
        "wd-Q994": "un@gw.example",
    }


async def test_a_state_about_which_nobody_answers_is_named(
    config: Config, sources: EmbassySources
) -> None:
    sources.silent.add("KZ")

    with pytest.raises(RefreshError, match="Wikidata did not answer about KZ"):
        await _refreshed(config)
    assert not (folder_of(config) / "missions.csv").exists()


async def test_a_newer_release_is_the_start_of_the_next_refresh(
    config: Config, sources: EmbassySources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _refreshed(config)
    ours = open_directory(config).shipped
    assert not is_outdated(folder_of(config), open_directory(config))
    release = tmp_path / "release"
    shutil.copytree(ours.parent, release)
    columns, rows = read_rows(release / "missions.csv")
    corrected = next(row for row in rows if (row["sending"], row["host"]) == ("KZ", "GB"))
    corrected["city"] = "Corrected"
    (release / "missions.csv").write_text(written(columns, rows), "utf-8")
    monkeypatch.setattr(
        refreshing,
        "open_directory",
        lambda config: Directory(release / "missions.csv", folder_of(config) / "missions.csv"),
    )
    assert is_outdated(folder_of(config), refreshing.open_directory(config))
    said: list[str] = []

    await _refreshed(config, say=said.append)
    assert "refresh once without naming states" in said[0]
    assert _now(config, "GB").city != "Corrected"
    del sources.missions["VA"]
    await _refreshed(config, (), say=said.append, accept=True)

    assert _now(config, "GB").city == "Corrected"
    assert not is_outdated(folder_of(config), refreshing.open_directory(config))


async def test_an_answer_without_a_fifth_of_the_missions_is_refused(
    config: Config, sources: EmbassySources
) -> None:
    del sources.missions["KZ"][:15]

    with pytest.raises(RefreshError, match="15 of 43 missions of wikidata are no longer listed"):
        await _refreshed(config)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (web.Response(status=500), "answers 500"),
        (web.Response(text="<html>"), "not JSON"),
        (web.json_response({"results": []}), "form of one"),
        (web.json_response({"results": {"bindings": []}}), "names no state"),
    ],
)
async def test_a_source_that_answers_nonsense_changes_nothing(
    config: Config, sources: EmbassySources, fault: web.Response, said: str
) -> None:
    sources.faults = [fault]

    with pytest.raises(RefreshError, match=said):
        await _refreshed(config)
    assert open_directory(config).path == Directory.open().path


async def test_a_foreign_office_that_is_switched_off_changes_nothing(
    config: Config, sources: EmbassySources
) -> None:
    sources.germany = {}

    with pytest.raises(RefreshError, match="switched off"):
        await _refreshed(config)
    assert not (folder_of(config) / "missions.csv").exists()


async def test_a_busy_service_is_given_the_time_it_asks_for(
    config: Config, sources: EmbassySources
) -> None:
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    sources.faults = [
        web.Response(status=429, headers={"Retry-After": "7"}),
        web.Response(status=503),
    ]
    await _refreshed(config, sleep=sleep)
    assert slept[:4] == [7, 2, 120, 2]
    assert all("ops@example.org" in agent for agent, _ in sources.asked)

    sources.faults = [web.Response(status=429) for _ in range(5)]
    with pytest.raises(RefreshError, match="busy"):
        await _refreshed(config, sleep=sleep)


async def test_a_second_refresh_finds_nothing_new(config: Config) -> None:
    await _refreshed(config)
    first = (folder_of(config) / "missions.csv").read_bytes()

    said: list[str] = []
    assert await _refreshed(config, say=said.append) == []
    assert "  nothing has changed" in said
    assert (folder_of(config) / "missions.csv").read_bytes() == first
    assert (folder_of(config) / "missions.before.csv").exists()


def test_the_shipped_file_is_written_as_it_was_read() -> None:
    path = Directory.open().path

    assert written(*read_rows(path)) == path.read_text("utf-8")


# --------------------------------------------------------------------- what is listed no more


async def test_a_mission_is_offered_no_more_when_two_refreshes_miss_it(
    config: Config, sources: EmbassySources
) -> None:
    row = sources.row("KZ", "SE")
    sources.missions["KZ"].remove(row)

    assert _said(await _refreshed(config), "mission", "SE") == [Outcome.MISSING]
    assert _offered(config, "SE")
    soon = TODAY + timedelta(days=1)  # the same refresh, started again
    assert _said(await _refreshed(config, today=soon), "mission", "SE") == []
    month = TODAY + timedelta(days=30)
    assert _said(await _refreshed(config, today=month), "mission", "SE") == [Outcome.GONE]
    assert not _offered(config, "SE")

    sources.missions["KZ"].append(row)
    assert _said(await _refreshed(config, today=month), "mission", "SE") == [Outcome.BACK]
    assert _offered(config, "SE")


async def test_organisers_are_asked_about_missions_of_their_campaigns_state(
    config: Config, sources: EmbassySources
) -> None:
    sources.missions["KZ"].remove(sources.row("KZ", "SE"))
    changes = await _refreshed(config)
    async with open_storage(config) as storage:
        await store_campaign(storage, sample(), clock())
        async with storage.database.write() as session:
            owner = await organisers.add(session, "local", "owner", organisers.OWNER, clock())
            organisers.remember_chat(session, owner, "local", "owner")

    assert await tell(config, changes) == 1
    async with open_storage(config) as storage, storage.database.write() as session:
        claims = await outbox.claim(session, "local", clock(), replies=9, notices=0)
    assert "/embassy KZ SE email" in str([claim.body for claim in claims])
    assert await tell(config, [replace(it, sending="FR") for it in changes]) == 0


# ------------------------------------------------------------------------------------- settings


async def test_whoever_asks_says_who_they_are(config: Config) -> None:
    with pytest.raises(RefreshError, match=r'contact = "you@example\.org"'):
        await _refreshed(replace(config, directory=replace(config.directory, contact="")))


async def test_a_source_can_be_switched_off(config: Config, sources: EmbassySources) -> None:
    only = replace(config, directory=replace(config.directory, sources=("germany",)))
    await _refreshed(only)
    assert [what for _, what in sources.asked] == ["germany"]
    with pytest.raises(RefreshError, match="No source"):
        await _refreshed(replace(config, directory=replace(config.directory, sources=())))


def test_a_refreshed_file_goes_before_the_shipped_one(config: Config, tmp_path: Path) -> None:
    directory = open_directory(config)
    version = directory.version()
    folder = folder_of(config)
    folder.mkdir(parents=True)
    for name in ("sources.csv", "districts.csv", "missions.csv"):
        shutil.copy(Directory.open().path.with_name(name), folder / name)
    text = (folder / "missions.csv").read_text("utf-8").replace("london@mfa.kz", "new@mfa.kz")
    (folder / "missions.csv").write_text(text, "utf-8")

    assert next(it for it in directory.missions("KZ") if it.host == "GB").email == "new@mfa.kz"
    assert directory.version() != version


# --------------------------------------------------------------------------------- what is printed


@pytest.mark.parametrize(
    ("local", "persons"),
    [
        ("ivan.petrov", True),
        ("anna_schmidt", True),
        ("info.berlin", False),
        ("emb.berlin", False),
        ("berlin.reception", False),
        ("kazakh.embassy", False),
        ("germany.office", False),
        ("london", False),
    ],
)
def test_a_persons_mailbox_is_told_from_an_offices(local: str, *, persons: bool) -> None:
    assert is_a_persons(local, ["Berlin", "Germany"]) is persons


@pytest.mark.parametrize(
    ("printed", "host", "number"),
    [
        ("030 47 00 71 11", "DE", "+493047007111"),
        ("0049 30 47007111", "DE", "+493047007111"),
        ("+44 20 7925 1757", "GB", "+442079251757"),
        ("(030) 47 00 71 11, 47 00 71 12", "DE", "+493047007111"),
        ("112", "DE", ""),
        ("see website", "DE", ""),
    ],
)
def test_a_number_is_read_as_dialled_in_its_country(printed: str, host: str, number: str) -> None:
    assert number_in(printed, host) == number


def test_what_is_no_address_is_refused_and_a_dead_number_stays_a_hole() -> None:
    values = read_values(
        host="DE", address="does not have an embassy; see Paris", phones=["1"], emails=["(none)"]
    )

    assert values.good == {}
    assert values.phone_raw == "1"
    assert {what for what, _ in values.refused} == {"address", "phone", "email"}


def test_of_several_classes_the_more_particular_counts() -> None:
    plain = mission("Q1", "embassy", "HU")
    general = {**plain, "type": plain["type"].replace("Q3917681", "Q213283")}
    unknown = {**plain, "m": plain["m"] + "2", "type": "http://www.wikidata.org/entity/Q99"}

    found = read_answer([general, plain, unknown, {"m": "no type"}], "KZ", "2026-11-27")

    assert [it.kind for it in found.listed] == ["embassy"]
    assert [(it.source_id, what, value) for it, what, value in found.refused] == [
        ("Q12", "mission", "Q99")
    ]
    assert found.listed[0].as_of == "2026-11-01"
