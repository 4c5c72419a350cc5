"""Reading tables of settings without stopping at the first mistake."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SECTIONS = (
    "database",
    "secrets",
    "telegram",
    "matrix",
    "local",
    "web",
    "alerts",
    "subscriptions",
    "organisers",
    "directory",
    "log",
)


class Secret:
    """A value that never prints."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: which setting, as written, what is wrong, what to do. No secret's value."""

    key: str
    value: str
    fault: str
    remedy: str

    def __str__(self) -> str:
        named = " = ".join(filter(None, [self.key, self.value]))
        return f"{named}: {self.fault}. {self.remedy}"


class ConfigError(Exception):
    """The configuration cannot be used; `problems` are all that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = list(problems)


class Sections:
    """The tables of a configuration, and everything found wrong in them."""

    def __init__(self, written: Mapping[str, object], folder: Path) -> None:
        self._written = written
        self.folder = folder
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self._read: list[Section] = []

    def find(self, name: str) -> Section | None:
        """The section of this name, None if it is not written."""
        return self.get(name) if name in self._written else None

    def get(self, name: str) -> Section:
        """The section of this name; empty if it is not written."""
        table = self._written.get(name, {})
        if not isinstance(table, dict):
            self.problems.append(
                Problem(name, repr(table), "is not a section", f"Write [{name}] on its own line.")
            )
            table = {}
        section = Section(self, name, table)
        self._read.append(section)
        return section

    def within(self, name: str, key: str, table: Mapping[str, object]) -> Section:
        """A table of another one."""
        section = Section(self, f"{name}.{key}", table)
        self._read.append(section)
        return section

    def finish(self) -> None:
        """Complain about what nobody asked for. Raises `ConfigError` if anything is wrong."""
        for name in self._written:
            if name not in SECTIONS:
                self.problems.append(
                    Problem(f"[{name}]", "", "is no section", _did_you_mean(name, SECTIONS))
                )
        for section in self._read:
            section.complain_of_unknown()
        if self.problems:
            raise ConfigError(self.problems)


class Section:
    """One table: typed values with defaults; faults are collected, not raised."""

    def __init__(self, sections: Sections, name: str, table: Mapping[str, object]) -> None:
        self._sections = sections
        self._name = name
        self._table = table
        self._known: set[str] = set()

    def text(self, key: str, default: str, *, shown: str | None = None) -> str:
        """A string; `shown` stands for what is written where that must not be seen."""
        value = self._value(key, default)
        if isinstance(value, str):
            return value
        self.fault(key, "must be a text", 'Put it between "quotes".', value=shown)
        return default

    def tables(self) -> list[tuple[str, Section]]:
        """The tables within this one, by name."""
        found = {key: table for key, table in self._table.items() if isinstance(table, dict)}
        self._known |= found.keys()
        return [(key, self._sections.within(self._name, key, it)) for key, it in found.items()]

    def number(self, key: str, default: float) -> float:
        """A number."""
        value = self._value(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        self.fault(key, "must be a number", "Write it without quotes.")
        return default

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._value(key, default)
        if isinstance(value, bool):
            return value
        self.fault(key, "must be true or false", "Write it without quotes.")
        return default

    def texts(self, key: str, default: Sequence[str] = ()) -> list[str]:
        """A list of strings."""
        value = self._value(key, list(default))
        if isinstance(value, list) and all(isinstance(it, str) for it in value):
            return value
        self.fault(key, "must be a list of texts", 'Write ["one", "two"].')
        return list(default)

    def choice(self, key: str, choices: Sequence[str | int], default: str | int) -> str | int:
        """One of a few values."""
        value = self._value(key, default)
        if isinstance(value, str | int) and not isinstance(value, bool) and value in choices:
            return value
        shown = ", ".join(f'"{it}"' if isinstance(it, str) else str(it) for it in choices)
        self.fault(key, "is not one of the choices", f"Write one of: {shown}.")
        return default

    def path(self, key: str, default: str) -> Path:
        """A path; a relative one starts at the configuration's folder."""
        return self._sections.folder / Path(self.text(key, default)).expanduser()

    def url(self, key: str, *, needed: bool = False) -> str:
        """A web address without a slash at its end; "" if it is left out."""
        written = self.text(key, "")
        if not written:
            if needed and self._is_text(key):
                self.fault(key, "is missing", 'Write "https://…".', value="")
            return ""
        parts = urlsplit(written)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            self.fault(key, "is not a web address", 'Begin with "https://" or "http://".')
        return written.rstrip("/")

    def secret(self, key: str, *, needed: bool = False) -> Secret | None:
        """A secret, written here or in the file that `key`_file names."""
        file_key = f"{key}_file"
        here, there = self.text(key, "", shown=""), self.text(file_key, "")
        if here and there:
            self.fault(key, f"stands beside {file_key}", "Keep one of the two.", value="")
        if here:
            return Secret(here)
        if there:
            return self._from_file(file_key, self._sections.folder / Path(there).expanduser())
        if needed and self._is_text(key):
            self.fault(file_key, "is missing", f'Write {file_key} = "…".', value="")
        return None

    def _from_file(self, key: str, path: Path) -> Secret | None:
        try:
            value = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            self.fault(key, f"cannot be read: {reason}", "Put the secret into that file.")
            return None
        if not value:
            self.fault(key, "is an empty file", "Put the secret into it.")
            return None
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            self._sections.warnings.append(
                f"{self._name}.{key}: others on this machine can read {path}. "
                f"Run: chmod 600 {path}"
            )
        return Secret(value)

    def names(self, *keys: str) -> bool:
        """Is one of these settings, or its file, written at all?"""
        return any(name in self._table for key in keys for name in (key, f"{key}_file"))

    def fault(self, key: str, fault: str, remedy: str, *, value: str | None = None) -> None:
        """Note a mistake. `value` is what is shown as written; a secret's must be ""."""
        written = repr(self._table[key]) if value is None and key in self._table else value or ""
        named = f"{self._name}.{key}" if key else f"[{self._name}]"
        self._sections.problems.append(Problem(named, written, fault, remedy))

    def complain_of_unknown(self) -> None:
        """Note every setting that nobody asked for."""
        for key in self._table:
            if key not in self._known:
                remedy = _did_you_mean(key, sorted(self._known))
                self.fault(key, "is no setting", remedy, value="")

    def _is_text(self, key: str) -> bool:
        """Is it a text or left out? Anything else has been complained of already."""
        return isinstance(self._table.get(key, ""), str)

    def _value(self, key: str, default: object) -> object:
        self._known.add(key)
        return self._table.get(key, default)


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Known: {', '.join(known)}."
