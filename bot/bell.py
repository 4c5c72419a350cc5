"""A nudge from whoever has made rows to whoever works on them; polling stays the truth."""

from __future__ import annotations

import asyncio


class Bell:
    """Rings for everyone who waits, and for whoever comes to wait next.

    A bell that is `rung_by` another rings whenever that one does, and by itself.
    """

    def __init__(self, rung_by: Bell | None = None) -> None:
        self._rounds = 0
        self._rung = asyncio.Event()
        self._rings: list[Bell] = []
        if rung_by is not None:
            rung_by.also(self)

    def also(self, bell: Bell) -> None:
        """Ring that bell, too, from now on."""
        self._rings.append(bell)

    def ring(self) -> None:
        """There may be something to do."""
        self._rounds += 1
        self._rung.set()
        self._rung = asyncio.Event()
        for bell in self._rings:
            bell.ring()

    @property
    def rounds(self) -> int:
        """How often it has rung: take this before looking for work, hand it to `wait`."""
        return self._rounds

    async def wait(self, since: int, seconds: float) -> None:
        """Return when it has rung after `since`, or after so many seconds."""
        if self._rounds != since:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return
