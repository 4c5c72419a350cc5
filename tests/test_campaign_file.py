from __future__ import annotations

import re
from pathlib import Path

import pytest
from fluent.runtime import FluentBundle, FluentResource

from handlers import campaign_file
from handlers.campaign import Campaign, pick
from handlers.campaign_file import CampaignFileError, Problem, read_campaign

ROOT = Path(__file__).parent.parent
HANDLERS = Path(campaign_file.__file__).parent
SAMPLE = (ROOT / "examples" / "kazakhstan.toml").read_text("utf-8")

FILE = """\
id = "kz"
country = "KZ"
title = "Kazakhstan"
timezone = "Asia/Almaty"
copies_to = [{ kind = "email", printed = "copies@example.org" }]

[[sources]]
id = "appeal"
title = "An appeal"

[[targets]]
id = "prosecutor"
office = "Prosecutor General"
as_of = "2016-10-11"
contacts = [
  { kind = "fax", printed = "+7 7172 506 402" },
  { kind = "email", printed = "gp@example.org" },
]

[[targets]]
id = "geneva"
office = "Permanent Mission"
mission = { sending = "KZ", host = "CH", city = "Geneva", kind = "permanent-mission" }

[[cases]]
id = "bokayev-ayan"
title = "Max Bokayev and Talgat Ayan"
summary.en = "Two activists."
summary.ru = "Двое активистов."
targets = ["prosecutor", "geneva"]

[[cases.people]]
name = "Max Bokayev"

[[cases.charges]]
text = "inciting discord"
date = "2016-07-21"
person = "Max Bokayev"

[[cases.hearings]]
court = "Atyrau City Court No. 2"
local = "2016-10-12T10:30"
timezone = "Asia/Atyrau"

[[cases.demands]]
text = "Release both."

[cases.letter]
subject = "Please release them"
body = \"\"\"
I am writing to you.
\"\"\"

[[cases]]
id = "mamai"
title = "Zhanbolat Mamai"
summary = "An editor."
sources = ["appeal"]
"""


def mistakes(text: str) -> list[Problem]:
    with pytest.raises(CampaignFileError) as caught:
        read_campaign(text)
    return caught.value.problems


def changed(old: str, new: str) -> tuple[str, int]:
    """The file with one change, and the line on which the change begins."""
    assert FILE.count(old) == 1, old
    return FILE.replace(old, new), FILE[: FILE.index(old)].count("\n") + 1


def test_a_file_without_mistakes_is_read() -> None:
    campaign, warnings = read_campaign(FILE)

    assert warnings == []
    assert campaign.title == {"en": "Kazakhstan"}
    assert [case.id for case in campaign.cases] == ["bokayev-ayan", "mamai"]
    assert campaign.targets[0].contacts[0].normal == "+77172506402"
    assert campaign.targets[0].contacts[0].as_of == "2016-10-11"  # the target's
    assert campaign.copies_to[0].usable


def test_hearings_get_their_id_and_zone_from_around_them() -> None:
    text, _ = changed('timezone = "Asia/Atyrau"\n', "")

    (hearing,) = read_campaign(text)[0].cases[0].hearings

    assert (hearing.id, hearing.timezone) == ("bokayev-ayan-1", "Asia/Almaty")


def test_plain_strings_are_in_the_main_language() -> None:
    campaign, _ = read_campaign('language = "ru"\n' + FILE)

    assert campaign.cases[1].title == {"ru": "Zhanbolat Mamai"}
    assert pick(campaign.cases[1].title, "de", campaign.language) == "Zhanbolat Mamai"
    assert pick(campaign.cases[0].summary, "en-GB") == "Two activists."
    assert pick({}, "en") == ""


def test_days_and_times_may_stand_without_quotation_marks() -> None:
    text = FILE.replace('"2016-07-21"', "2016-07-21").replace(
        '"2016-10-12T10:30"', "2016-10-12T10:30:00"
    )

    case = read_campaign(text)[0].cases[0]

    assert (case.charges[0].date, case.hearings[0].local) == ("2016-07-21", "2016-10-12T10:30")


@pytest.mark.parametrize("text", ["\ufeff" + FILE, FILE.replace("\n", "\r\n")])
def test_files_from_windows_editors_are_read(text: str) -> None:
    assert read_campaign(text)[0] == read_campaign(FILE)[0]


def test_what_is_invisible_or_turns_lines_round_is_taken_out_of_texts() -> None:
    text, _ = changed('"An editor."', '"An \u202eeditor\u200b."')

    assert read_campaign(text)[0].cases[1].summary == {"en": "An editor."}


MISTAKES = [
    # what is replaced, what by, the key of the answer, where, some of its arguments
    ('country = "KZ"', 'country = "Kazakhstan"', "import-unknown-country-meant", "", "KZ"),
    ('country = "KZ"', 'country = "kz"', "import-unknown-country-meant", "", "KZ"),
    ('country = "KZ"', 'country = "ZZ"', "import-unknown-country", "", "ZZ"),
    ('title = "Kazakhstan"', "title = 5", "import-not-words", "", "title"),
    ('title = "Kazakhstan"', 'title = " "', "import-empty", "", "title"),
    ('title = "Kazakhstan"', 'title.xq = "K"', "import-unknown-language", "", "xq"),
    ('title = "Kazakhstan"', 'title.english = "K"', "import-unknown-language-meant", "", "en"),
    ('"Asia/Almaty"', '"Almaty"', "import-unknown-timezone-meant", "", "Asia/Almaty"),
    ('"Asia/Atyrau"', '"Mars/X"', "import-unknown-timezone", "hearing 1", "Mars/X"),
    ('id = "prosecutor"', 'id = "Prosecutor General"', "import-bad-id", "target", "Prosecutor"),
    ('id = "mamai"', 'id = "bokayev-ayan"', "import-duplicate", "case", "26"),
    ('id = "geneva"', 'id = "prosecutor"', "import-duplicate", "target prosecutor", "12"),
    ('"prosecutor", "geneva"', '"prosecuter", "geneva"', "import-unknown-target-meant", "", "or"),
    ('["appeal"]', '["hearsay"]', "import-unknown-source", "case mamai", "hearsay"),
    ('person = "Max Bokayev"', 'person = "Max"', "import-unknown-person", "charge 1", "Max"),
    ('date = "2016-07-21"', 'date = "21.07.2016"', "import-bad-date", "charge 1", "21.07.2016"),
    ('date = "2016-07-21"', 'date = "2016-07-32"', "import-bad-date", "charge 1", "2016-07-32"),
    ('date = "2016-07-21"', 'date = "2016-13"', "import-bad-date", "charge 1", "2016-13"),
    ("2016-10-12T10:30", "2016-10-12", "import-bad-time", "hearing 1", "2016-10-12"),
    ("2016-10-12T10:30", "2016-10-12T10:30Z", "import-bad-time", "hearing 1", "Z"),
    ("2016-10-12T10:30", "2016-10-12T25:30", "import-bad-time", "hearing 1", "25:30"),
    ('  { kind = "fax"', '  { kind = "telex"', "import-not-a-choice", "contact 1", "postal"),
    ("+7 7172 506 402", "7172 506 402", "import-bad-phone", "prosecutor, contact 1", "7172"),
    ("gp@example.org", "gp@example", "import-bad-email", "target prosecutor, contact 2", "gp@"),
    ("copies@example.org", "copies", "import-bad-email", "copy 1", "copies"),
    ('printed = "gp@example.org"', "printed = 7", "import-wrong-type", "contact 2", "text"),
    ('printed = "gp@example.org"', 'printd = "x"', "import-unknown-key-meant", "contact", "print"),
    ('kind = "permanent-mission"', 'kind = "villa"', "import-not-a-choice", "geneva", "embassy"),
    ('host = "CH"', 'host = "Swiss"', "import-unknown-country", "target geneva", "Swiss"),
    ("[[cases.people]]", "[[cases.person]]", "import-unknown-key-meant", "bokayev-ayan", "people"),
    ("[[cases.demands]]", "[cases.demands]", "import-wrong-type", "bokayev-ayan", "list"),
    ('body = """', 'fax = 3\nbody = """', "import-unknown-key", "bokayev-ayan", "fax"),
    ('name = "Max Bokayev"', "role = 'x'", "import-missing", "person 1", "name"),
    ('summary = "An editor."', "", "import-missing", "case mamai", "summary"),
    ('timezone = "Asia/Almaty"\n', "drill = 'yes'\n", "import-wrong-type", "", "drill"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "where", "argument"), MISTAKES)
def test_every_mistake_is_found_on_its_line(
    old: str, new: str, key: str, where: str, argument: str
) -> None:
    text, line = changed(old, new)
    if key == "import-missing":  # told where the table begins that should have had the key
        table = FILE.rindex("[[", 0, FILE.index(old))
        line = FILE[:table].count("\n") + 1

    found = [problem for problem in mistakes(text) if problem.key == key]

    assert found, mistakes(text)
    assert found[0].line == line
    assert where in found[0].where
    assert argument in str(found[0].args)


def test_a_missing_key_at_the_top_is_told_on_the_first_line() -> None:
    text, _ = changed('timezone = "Asia/Almaty"\n', "")

    (problem,) = mistakes(text)

    assert (problem.line, problem.where, problem.args["key"]) == (1, "", "timezone")


@pytest.mark.parametrize(
    ("local", "zone", "key"),
    [
        ("2027-03-28T02:30", "Europe/Paris", "import-hour-gap"),
        ("2026-10-25T02:30", "Europe/Paris", "import-hour-overlap"),
        ("2024-02-29T23:30", "Asia/Almaty", "import-hour-overlap"),  # Kazakhstan's one zone
    ],
)
def test_an_hour_that_clocks_skip_or_repeat_is_refused(local: str, zone: str, key: str) -> None:
    text = FILE.replace("2016-10-12T10:30", local).replace("Asia/Atyrau", zone)

    (problem,) = mistakes(text)

    assert (problem.key, problem.where) == (key, "case bokayev-ayan, hearing 1")
    assert text.splitlines()[problem.line - 1] == f'local = "{local}"'
    assert problem.args["timezone"] == zone


def test_all_mistakes_come_at_once_in_the_order_of_their_lines() -> None:
    text = FILE
    singles = [MISTAKES[number] for number in (0, 6, 13, 15, 18, 22, 23)]
    for old, new, *_ in singles:
        text = text.replace(old, new)

    problems = mistakes(text)

    assert {single[2] for single in singles} == {problem.key for problem in problems}
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)
    assert str(problems[0]) in str(CampaignFileError(problems))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('country = "KZ"', "country = KZ", 2),
        ('title = "Kazakhstan"', 'title = "Kazakhstan', 3),
        ('id = "mamai"', 'id = "mamai"\nid = "again"', None),
        ("[[cases.people]]", "[[cases.people]", None),
    ],
)
def test_a_syntax_error_is_told_with_its_line(old: str, new: str, line: int | None) -> None:
    text, first = changed(old, new)

    (problem,) = mistakes(text)

    assert problem.key == "import-syntax"
    assert problem.line == (line or first + new.count("\n"))
    assert problem.args["detail"]


def test_a_text_that_never_ends_is_told_at_the_end() -> None:
    (problem,) = mistakes('id = "kz"\ntitle = """\nKazakhstan\n')

    assert (problem.key, problem.line) == ("import-syntax", 4)


def test_brackets_without_end_are_a_mistake_and_no_crash() -> None:
    (problem,) = mistakes("x = " + "[" * 100_000)

    assert problem.key == "import-syntax"


@pytest.mark.parametrize("blank", [" ", "\u00a0"])
def test_a_hidden_address_is_a_hole_and_no_mistake(blank: str) -> None:
    text, line = changed("gp@example.org", f"[email{blank}protected]")

    campaign, warnings = read_campaign(text)

    contact = campaign.targets[0].contacts[1]
    assert (contact.problem, contact.usable) == ("redacted", False)
    assert [(w.line, w.key, w.where) for w in warnings] == [
        (line, "import-redacted", "target prosecutor, contact 2")
    ]


def test_a_dead_number_is_a_warning_with_an_offer() -> None:
    text, line = changed("+7 7172 506 402", "+ 7 3172 32 61 82")

    campaign, (warning,) = read_campaign(text)

    assert not campaign.targets[0].contacts[0].usable
    assert (warning.line, warning.key) == (line, "import-repair")
    assert warning.args["repair"] == "+77172326182"


def test_a_removed_zero_is_said() -> None:
    text, _ = changed("+7 7172 506 402", "+41 (0) 22 788 66 02")

    _, (warning,) = read_campaign(text)

    assert (warning.key, warning.args["normal"]) == ("import-zero-removed", "+41227886602")


def test_an_address_printed_twice_is_said_whatever_its_capitals() -> None:
    text, line = changed(
        'gp@example.org" },',
        'gp@example.org" },\n  { kind = "email", printed = "GP@example.org" },',
    )

    _, (warning,) = read_campaign(text)

    assert (warning.line, warning.key) == (line + 1, "import-contact-twice")
    assert warning.args["first"] == str(line)


def test_a_number_out_of_use_may_stay_on_record() -> None:
    text, _ = changed('printed = "+7 7172 506 402"', 'printed = "55 12 34", superseded = true')

    campaign, warnings = read_campaign(text)

    contact = campaign.targets[0].contacts[0]
    assert (contact.problem, contact.usable, warnings) == ("superseded", False, [])


def test_two_numbers_in_one_field_do_not_shift_the_lines_of_others() -> None:
    text = FILE.replace("+7 7172 506 402", "+7 7172 506 402, +7 7172 74 05 48")
    text = text.replace("gp@example.org", "gp")

    (problem,) = mistakes(text)

    assert problem.where == "target prosecutor, contact 2"
    assert '"gp"' in text.splitlines()[problem.line - 1]


def test_a_campaign_survives_being_kept_as_json() -> None:
    for text in (FILE, SAMPLE):
        campaign, _ = read_campaign(text)
        assert Campaign.model_validate_json(campaign.model_dump_json()) == campaign


def keys_in_use() -> set[str]:
    sources = [path.read_text("utf-8") for path in HANDLERS.glob("campaign*.py")]
    keys = {key for text in sources for key in re.findall(r'"(import-[a-z-]*[a-z])"', text)}
    keys |= {f"{key}-meant" for key in keys if key.startswith("import-unknown-")}
    keys |= {f"import-hour-{wrong}" for wrong in ("gap", "overlap")}
    return keys | {f"import-bad-{kind}" for kind in ("email", "phone", "web", "postal")}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_problem_has_a_sentence(language: str) -> None:
    bundle = FluentBundle([language], use_isolating=False)
    for path in sorted((HANDLERS / "locales").glob(f"{language}.*")):
        bundle.add_resource(FluentResource(path.read_text("utf-8")), allow_overrides=True)

    assert {key for key in keys_in_use() if not bundle.has_message(key)} == set()
    for text in [changed(old, new)[0] for old, new, *_ in MISTAKES]:
        for problem in mistakes(text):
            pattern = bundle.get_message(problem.key).value
            assert pattern, problem
            sentence, errors = bundle.format_pattern(pattern, problem.args)
            assert not errors, problem
            assert "{" not in str(sentence)
