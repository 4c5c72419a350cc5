"""What is wrong with the database itself, as opposed to one statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sqlalchemy.exc import DBAPIError, OperationalError

Trouble = Literal["full", "readonly", "damaged", "gone"]

# PostgreSQL's codes; two characters stand for a whole class of them.
_CODES: tuple[tuple[str, Trouble], ...] = (
    ("53100", "full"),
    ("25006", "readonly"),
    ("XX001", "damaged"),
    ("XX002", "damaged"),
    ("08", "gone"),
    ("53", "gone"),
    ("57P", "gone"),
    ("58", "gone"),
)
_WORDS: tuple[tuple[str, Trouble], ...] = (
    ("disk is full", "full"),
    ("readonly", "readonly"),
    ("malformed", "damaged"),
    ("not a database", "damaged"),
)


def trouble_of(error: BaseException) -> Trouble | None:
    """The database's trouble behind an error, groups of errors too; None for any other fault."""
    found = [trouble for one in _leaves(error) if (trouble := _trouble(one)) is not None]
    return next((it for it in found if it != "gone"), found[0] if found else None)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _trouble(error: BaseException) -> Trouble | None:
    if not isinstance(error, DBAPIError):
        return None
    code = str(getattr(error.orig, "sqlstate", None) or "")
    for start, trouble in _CODES:
        if code.startswith(start):
            return trouble
    said = str(error.orig).lower()
    for word, trouble in _WORDS:
        if word in said:
            return trouble
    known = isinstance(error, OperationalError) or error.connection_invalidated
    return "gone" if known else None
