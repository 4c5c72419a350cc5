"""When two descriptions mean the same mission of a state."""

from __future__ import annotations

from typing import Protocol

from storage.directory.merging import EMBASSY_LIKE

CONSULAR = ("consulate-general", "de-facto-consulate", "consulate", "representative-office")


class Described(Protocol):
    """A mission as a file, the directory or an organiser describes it."""

    @property
    def sending(self) -> str:
        """Whose it is: ISO 3166-1 alpha-2, as `host`."""

    @property
    def host(self) -> str:
        """Where it stands."""

    @property
    def city(self) -> str:
        """In which city; "" where nobody says."""

    @property
    def kind(self) -> str:
        """Such as "embassy"."""


def is_same_mission(one: Described, other: Described) -> bool:
    """The same state, country, city as far as both name one, and sort.

    Who writes "embassy" means the high commission or interests section that stands for one.
    """
    cities = {one.city.casefold(), other.city.casefold()} - {""}
    here = (one.sending, one.host, sort_of(one.kind))
    return here == (other.sending, other.host, sort_of(other.kind)) and len(cities) < 2


def sort_of(kind: str) -> str:
    """Embassy, consulate, or the kind itself where it is neither."""
    if kind in EMBASSY_LIKE:
        return "embassy"
    return "consulate" if kind in CONSULAR else kind
