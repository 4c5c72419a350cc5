"""The embassy directory: the shipped file is whole, and a damaged one says where."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import phonenumbers
import pytest

from storage.directory import Directory, DirectoryError, Mission

OURS = Path(__file__).parents[1] / "storage" / "directory"


@pytest.fixture(scope="module")
def directory() -> Directory:
    return Directory.open()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A private copy of the directory, to damage."""
    for name in ("missions.csv", "sources.csv", "districts.csv"):
        shutil.copy(OURS / name, tmp_path)
    return tmp_path / "missions.csv"


def mission_in(directory: Directory, sending: str, host: str) -> Mission:
    return next(it for it in directory.missions(sending) if it.host == host)


def test_every_shipped_row_is_good(directory: Directory) -> None:
    assert directory.check() == 9537


def test_only_the_missions_of_the_state_asked_for_are_read(directory: Directory) -> None:
    kazakh = directory.missions("KZ")

    assert len(kazakh) == 43
    assert {mission.sending for mission in kazakh} == {"KZ"}
    assert directory.missions("KZ") is kazakh


def test_a_state_without_missions_has_none(directory: Directory) -> None:
    assert directory.missions("GG") == ()
    assert directory.missions("") == ()
    assert directory.missions("mission_id") == ()


def test_each_field_keeps_its_own_date_and_source(directory: Directory) -> None:
    oslo = mission_in(directory, "KZ", "NO")

    assert oslo.address == "Nedre Vollgate 3, 0158 Oslo"
    assert oslo.age == {"address": "2020-10-10", "website": "2022-11-16"}
    assert oslo.as_of == "2022-11-16"
    assert set(oslo.source.values()) == {"database-of-embassies@b1987a6 (Wikidata)"}


def test_the_london_embassy_has_the_contacts_of_the_irish_list(directory: Directory) -> None:
    london = mission_in(directory, "KZ", "GB")

    assert london.email == "london@mfa.kz"
    assert london.jurisdictions == ("GB", "IE", "IS")
    assert london.age["email"] == "2024-04-30"
    assert london.source["email"] == "Irish DFA Diplomatic List April 2024"


@pytest.mark.parametrize(
    ("host", "city"), [("GB", "London"), ("BE", "Brussels"), ("SE", "Stockholm"), ("NO", "Oslo")]
)
def test_a_district_reads_as_the_city_people_know(
    directory: Directory, host: str, city: str
) -> None:
    assert mission_in(directory, "KZ", host).city == city


def test_all_numbers_dates_and_addresses_in_the_file_are_usable(directory: Directory) -> None:
    for sending in ("KZ", "US", "GB", "UA", "AE", "FR", "DE"):
        for mission in directory.missions(sending):
            for number in filter(None, (mission.phone, mission.fax)):
                assert phonenumbers.is_valid_number(phonenumbers.parse(number, None)), mission.id
            assert not mission.email or mission.email.count("@") == 1
            assert all(
                date.fromisoformat(day) <= date(2026, 11, 22) for day in mission.age.values()
            )


def test_ids_are_unique_and_every_row_is_one_line() -> None:
    lines = (OURS / "missions.csv").read_text(encoding="utf-8").splitlines()[1:]
    ids = [line.split(",", 1)[0] for line in lines]

    assert len(set(ids)) == len(ids) == 9537


def test_the_version_changes_with_any_of_the_files(copy: Path) -> None:
    before = Directory.open(copy).version()
    districts = copy.with_name("districts.csv")
    districts.write_text(districts.read_text() + "XK,Somewhere,Pristina\n")

    assert before == Directory.open().version()
    assert len(before) == 12
    assert Directory.open(copy).version() != before


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (",KZ,BE,embassy,", ",KZ,Belgium,embassy,", "'Belgium' is not a two-letter country code"),
        (",KZ,BE,embassy,", ",KZ,BE,castle,", "'castle' is not a kind of mission"),
        (",BE LU,,wd,", ",BE lu,,wd,", "'lu' is not a two-letter country code"),
        (",Uccle,", ",Uccle,,", "21 cells, but 20 columns"),
        (",2022-11-16,,,", ",2022-13-16,,,", "month must be in 1..12"),
        (",2022-11-16,,,", ",2022-11-16,,,email=wd@2022-11-16", "exactly the filled fields"),
        (",2022-11-16,,,", ",2022-11-16,,,email=zz@2022-11-16", "'zz' is not in sources.csv"),
        (",2022-11-16,,,", ",2022-11-16,,,email", "'email' is not field=source@date"),
        (",Uccle,", ',"Uccle,', "unexpected end of data"),
    ],
)
def test_a_bad_row_is_named_by_its_line(copy: Path, old: str, new: str, complaint: str) -> None:
    lines = copy.read_text(encoding="utf-8").splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines, start=1) if line.startswith("wd-Q69699326,"))
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    copy.write_text("".join(lines), encoding="utf-8")

    with pytest.raises(DirectoryError) as error:
        Directory.open(copy).missions("KZ")
    assert str(error.value).startswith(f"missions.csv, line {number}: ")
    assert complaint in str(error.value)


def test_a_bad_row_of_another_state_is_found_by_the_check(copy: Path) -> None:
    with copy.open("a", encoding="utf-8") as file:
        file.write("nonsense\n")
    directory = Directory.open(copy)

    assert len(directory.missions("KZ")) == 43
    with pytest.raises(DirectoryError, match="line 9539: 1 cells, but 20 columns"):
        directory.check()


@pytest.mark.parametrize("content", ["", "a,b,c\n", "sending,mission_id,host\n"])
def test_a_file_that_is_no_directory_is_refused(copy: Path, content: str) -> None:
    copy.write_text(content)

    with pytest.raises(DirectoryError, match="line 1: the header lacks"):
        Directory.open(copy).missions("KZ")


def test_a_missing_or_binary_file_is_named(copy: Path) -> None:
    copy.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DirectoryError, match=r"missions\.csv cannot be read"):
        Directory.open(copy).check()

    copy.with_name("sources.csv").unlink()
    with pytest.raises(DirectoryError, match=r"sources\.csv cannot be read"):
        Directory.open(copy)
