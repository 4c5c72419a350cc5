"""The table of results: what, what it must reach, what it reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Row:
    """One figure and its target, if it has one."""

    what: str
    target: str
    result: str
    reached: bool = True

    @classmethod
    def at_least(cls, what: str, target: float, result: float, unit: str = "") -> Self:
        """The more the better."""
        return cls(what, f"≥ {_text(target)} {unit}", f"{_text(result)} {unit}", result >= target)

    @classmethod
    def at_most(cls, what: str, target: float, result: float, unit: str = "") -> Self:
        """The less the better."""
        return cls(what, f"≤ {_text(target)} {unit}", f"{_text(result)} {unit}", result <= target)

    @classmethod
    def only(cls, what: str, result: float, unit: str = "") -> Self:
        """Said for the reader; nothing depends on it."""
        return cls(what, "", f"{_text(result)} {unit}")


def show(rows: Sequence[Row]) -> int:
    """Print all of it as Markdown; 1 if a target was missed."""
    cells = [("what", "target", "result")]
    cells += [
        (it.what, it.target, it.result + ("" if it.reached else " **missed**")) for it in rows
    ]
    widths = [max(len(row[column].strip()) for row in cells) for column in range(3)]
    lines = [
        "| "
        + " | ".join(it.strip().ljust(width) for it, width in zip(row, widths, strict=True))
        + " |"
        for row in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    print("\n".join(lines))
    return int(not all(it.reached for it in rows))


def _text(value: float) -> str:
    if value >= 10 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}"
