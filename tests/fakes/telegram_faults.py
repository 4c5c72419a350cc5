"""Faults to order: a gateway's error page, a broken connection, a stalled answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

When = Literal["before", "after", "late"]


@dataclass
class Fault:
    """One way to break the next `times` calls of a method."""

    method: str
    times: int = 1
    status: int = 0  # answer with this status and body, without acting
    body: bytes = b""
    drop: When | None = None  # reset the connection before, after or long before acting
    twice: bool = False  # act twice, as Telegram's servers repeat among themselves
    stall: float = 0.0  # seconds to keep silent before acting


@dataclass
class Faults:
    """The faults that are still to come, first ordered first served."""

    _coming: list[Fault] = field(default_factory=list)

    def order(self, fault: Fault) -> None:
        """Break calls of this method from now on, after the faults already ordered for it."""
        self._coming.append(fault)

    def take(self, method: str) -> Fault:
        """The fault for this call; an empty one when nothing is ordered."""
        for fault in self._coming:
            if fault.method == method:
                fault.times -= 1
                if fault.times == 0:
                    self._coming.remove(fault)
                return fault
        return Fault(method)
