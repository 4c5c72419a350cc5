"""What is wrong in a campaign file: on which line, where, why and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic_core import ErrorDetails

from handlers.campaign import (
    Campaign,
    Case,
    CaseEvent,
    Charge,
    Demand,
    Hearing,
    LetterAddress,
    MissionRef,
    ModelLetter,
    Part,
    Person,
    Source,
    Target,
)
from handlers.campaign_fields import nearest
from handlers.campaign_lines import Lines, Loc

_NOUNS = {
    "cases": "case",
    "targets": "target",
    "sources": "source",
    "people": "person",
    "charges": "charge",
    "events": "event",
    "hearings": "hearing",
    "demands": "demand",
    "contacts": "contact",
    "copies_to": "copy",
}
MODELS: dict[Loc, type[Part]] = {
    (): Campaign,
    ("sources",): Source,
    ("targets",): Target,
    ("targets", "mission"): MissionRef,
    ("cases",): Case,
    ("cases", "people"): Person,
    ("cases", "people", "letter_address"): LetterAddress,
    ("cases", "charges"): Charge,
    ("cases", "events"): CaseEvent,
    ("cases", "hearings"): Hearing,
    ("cases", "demands"): Demand,
    ("cases", "letter"): ModelLetter,
}
_ALSO_KNOWN = {"person": "people"}  # too far from the key for the search by likeness
_TYPES = {
    "string_type": "text",
    "bool_type": "yes-or-no",
    "int_type": "number",
    "list_type": "list",
    "dict_type": "table",
    "model_type": "table",
    "model_attributes_type": "table",
}


class Finding(NamedTuple):
    """A fault before its line is looked up; a `Loc` among the arguments becomes a line too."""

    loc: Loc
    key: str
    args: Mapping[str, object] = {}


@dataclass(frozen=True)
class Problem:
    """One fault: `key` and `args` make the sentence, `line` and `where` say where to correct."""

    line: int
    where: str  # in the file's own words: "case bokayev-ayan, hearing 1"; "" at its top
    key: str  # the Fluent key of the sentence
    args: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """The fault in terse English, for logs and tests; readers get the Fluent sentence."""
        place = f"line {self.line}: {self.where}: " if self.where else f"line {self.line}: "
        args = ", ".join(f"{name} {value!r}" for name, value in self.args.items())
        return f"{place}{self.key.removeprefix('import-').replace('-', ' ')} ({args})"


class CampaignFileError(ValueError):
    """The file cannot be taken over; `problems` are all its faults, by line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def placed(findings: list[Finding], lines: Lines, raw: Mapping[str, Any]) -> list[Problem]:
    """The findings as problems, in the order of their lines, none twice."""
    problems: list[Problem] = []
    for finding in findings:
        args = {name: _text(value, lines) for name, value in finding.args.items()}
        meant = "-meant" if args.get("suggestion") else ""
        problem = Problem(
            lines.at(finding.loc), _where(raw, finding.loc), finding.key + meant, args
        )
        if problem not in problems:
            problems.append(problem)
    return sorted(problems, key=lambda problem: (problem.line, problem.where))


def _text(value: object, lines: Lines) -> str:
    return str(lines.at(value)) if isinstance(value, tuple) else str(value)


def _where(raw: Mapping[str, Any], loc: Loc) -> str:
    """The tables around a place: each by its noun, and its id, name or number."""
    parts = []
    value: Any = raw
    for name, step in zip(("", *loc), loc, strict=False):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(step, int) and name in _NOUNS and isinstance(value, dict):
            label = value.get("id") or value.get("name") or step + 1
            parts.append(f"{_NOUNS[str(name)]} {label}")
    return ", ".join(parts)


def explain(error: ErrorDetails) -> Finding:
    """One pydantic error as a finding."""
    loc = tuple(step for step in error["loc"] if step != "[key]")
    kind, context = error["type"], error.get("ctx", {})
    args: dict[str, object] = {"key": _named(loc)}
    match kind:
        case "import-hour-gap" | "import-hour-overlap":  # found by the table as a whole
            return Finding((*loc, "local"), kind, {**context, "key": "local"})
        case "missing":
            key = "import-missing"
        case "extra_forbidden":
            key, args["suggestion"] = "import-unknown-key", _meant(loc)
        case "literal_error":
            key, args["value"] = "import-not-a-choice", str(error["input"])
            args["choices"] = ", ".join(re.findall(r"'([^']+)'", str(context["expected"])))
        case _ if kind.startswith("import-"):
            key, args = kind, {**context, **args}
        case _ if kind in _TYPES:
            key, args["expected"] = "import-wrong-type", _TYPES[kind]
        case _:
            key, args["detail"] = "import-not-valid", error["msg"]
    return Finding(loc, key, args)


def _named(loc: Loc) -> str:
    """The key as the organiser wrote it: "title.ru", without the tables around it."""
    names: list[str] = []
    for step in loc:
        names = [] if isinstance(step, int) and step != loc[-1] else [*names, str(step)]
    return ".".join(names)


def _meant(loc: Loc) -> str:
    *around, key = (step for step in loc if isinstance(step, str))
    model = MODELS.get(tuple(around))
    fields = model.model_fields if model else {}
    also = _ALSO_KNOWN.get(key, "")
    return also if also in fields else nearest(key, fields)
