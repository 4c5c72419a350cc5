"""missions.csv as rows that can be changed and written again; `directory.py` is for reading it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

FIELDS = ("address", "phone", "fax", "email", "website")
Row = dict[str, str]
_NOTE = re.compile(
    r"(?P<field>\w+)=(?P<source>\w+)@(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:\+(?P<checked>\d{4}-\d{2}-\d{2}))?(?:#(?P<id>\S+))?"
)


@dataclass(frozen=True, slots=True)
class Note:
    """Where one field's value comes from."""

    source: str  # key of sources.csv
    day: str  # ISO date of what the source said
    id: str = ""  # under which the source has it; "" for the row's own
    checked: str = ""  # ISO date when a second source last said the same

    def __str__(self) -> str:
        checked = f"+{self.checked}" if self.checked else ""
        return f"{self.source}@{self.day}{checked}" + (f"#{self.id}" if self.id else "")


def read_notes(text: str) -> dict[str, Note]:
    """Each field's note from "email=ie@2024-04-30#p98 phone=…". Raises `ValueError`."""
    notes = {}
    for word in text.split():
        found = _NOTE.fullmatch(word)
        if found is None or found["field"] not in FIELDS:
            raise ValueError(f"{word!r} is not field=source@date or field=source@date#id")
        notes[found["field"]] = Note(
            found["source"], found["day"], found["id"] or "", found["checked"] or ""
        )
    return notes


def write_notes(notes: Mapping[str, Note]) -> str:
    """The same, as it stands in the file."""
    return " ".join(f"{field}={notes[field]}" for field in sorted(notes))


def read_rows(path: Path) -> tuple[list[str], list[Row]]:
    """The columns and rows of a file that `Directory.check` has found good."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        rows = list(reader)
    return list(reader.fieldnames or ()), rows


def written(columns: Iterable[str], rows: Iterable[Row]) -> str:
    """The file of these rows: by sending state and host, one line each."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), lineterminator="\n")
    writer.writeheader()
    ordered = sorted(rows, key=lambda row: (row["sending"], row["host"]))
    writer.writerows({key: _one_line(it) for key, it in row.items()} for row in ordered)
    return out.getvalue()


def _one_line(value: str) -> str:
    """A row is a line, so that people can compare and correct the file."""
    return re.sub(r"\s*[\r\n]\s*", ", ", value.strip())
