from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.campaign_file import CampaignFileError, read_campaign
from handlers.campaign_lines import Lines

KEYS = st.sampled_from(["a", "b-c", "d e", "ключ", "f.g"])
LEAVES = st.one_of(st.integers(), st.booleans(), st.text(alphabet='ab"\\\n#[]{}=é', max_size=6))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\u{ord(letter):04x}" for letter in value) + '"'
    if isinstance(value, list):
        return "[\n" + "".join(f"{toml(item)}, # x\n" for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + "}"
    return str(value)


@given(document=st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_value_of_any_file_has_its_line(document: dict[str, Any]) -> None:
    text = "".join(f"{toml(key)} = {toml(value)}\n" for key, value in document.items())
    lines = Lines(text)
    before = 1

    assert tomllib.loads(text) == document
    for key, value in document.items():
        assert lines.at((key,)) == before
        if isinstance(value, list) and value:
            assert lines.at((key, 0)) == before + 1
        before += toml(value).count("\n") + 1


FIELDS = st.sampled_from(
    [
        "id",
        "title",
        "timezone",
        "language",
        "name",
        "targets",
        "cases",
        "people",
        "hearings",
        "charges",
        "person",
        "contacts",
        "kind",
        "printed",
        "local",
        "mission",
        "sources",
        "en",
    ]
)
WORDS = st.sampled_from(["kz", "KZ", "en", "phone", "email", "+7 7172 74 05 48", "a@b.kz", "2016"])
ANYTHING = st.recursive(
    WORDS | LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=20,
)


@given(document=st.dictionaries(FIELDS, ANYTHING, max_size=6))
def test_any_nonsense_is_answered_with_problems(document: dict[str, Any]) -> None:
    text = "".join(f"{toml(key)} = {toml(value)}\n" for key, value in document.items())

    with pytest.raises(CampaignFileError) as caught:
        read_campaign(text)

    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in caught.value.problems)


def test_tables_are_counted_where_they_belong() -> None:
    lines = Lines("""\
[[cases]]
id = "a"
[[cases.people]]
name = "x"
[[cases.people]]
name = "y"
[cases.people.letter_address]
lines = [
  "one",
  "two",
]
[[cases]]
title.en = "b"
"title"."ru" = "б"
[[cases.people]]
name = "z"
""")

    assert lines.at(("cases", 0)) == 1
    assert lines.at(("cases", 0, "people", 1, "name")) == 6
    assert lines.at(("cases", 0, "people", 1, "letter_address", "lines", 1)) == 10
    assert lines.at(("cases", 1, "title", "ru")) == 14
    assert lines.at(("cases", 1, "people", 0, "name")) == 16
    assert lines.at(("cases", 1, "people", 0, "role")) == 15  # what is missing: its table
    assert lines.at(("nothing",)) == 1
