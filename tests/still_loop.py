"""An event loop whose time stands still until the test moves it, so that one seed is one run.

Whatever can go on by itself does so before the loop looks at the outside (the threads and
connections of the database), so nothing depends on how fast those are.
"""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any

_PATIENCE = 60  # real seconds for the database; only a broken test needs them


class StillLoop(asyncio.SelectorEventLoop):
    """Time moves by `pass_time` and `leap` alone."""

    def __init__(self) -> None:
        self.moment = 1_000.0
        self.next_timer: float | None = None  # seconds until it is due
        self._busy = 0
        self._from_outside: deque[tuple[Callable[..., object], tuple[Any, ...], Context | None]]
        self._from_outside = deque()
        self._stillness: asyncio.Future[None] | None = None
        super().__init__(_Outside(self))

    def time(self) -> float:
        return self.moment

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Something outside is at work: it will be heard of."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    async def still(self) -> None:
        """Wait until nothing moves any more unless time passes or the test does something."""
        self._stillness = self.create_future()
        await self._stillness

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass; whatever is due meanwhile happens at its moment."""
        end = self.moment + seconds
        await self.still()
        while self.next_timer is not None and self.moment + self.next_timer <= end:
            self.moment += self.next_timer
            await self.still()
        await self.leap(end - self.moment)

    async def leap(self, seconds: float) -> None:
        """Let so much time pass at once, as for a machine that was asleep."""
        self.moment += max(0.0, seconds)
        await self.still()

    def call_soon_threadsafe(  # type: ignore[override] # the handle's type differs by version
        self,
        callback: Callable[..., object],
        *args: Any,  # noqa: ANN401 - as asyncio has it
        context: Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._from_outside.append((callback, args, context))
        self._write_to_self()  # type: ignore[attr-defined] # wakes the selector
        return handle

    def look_outside(self, look: Callable[[float], list[Any]], timeout: float | None) -> list[Any]:
        """Nothing can go on by itself: take what the outside has to say, or be still."""
        while True:
            if self._from_outside:
                callback, args, context = self._from_outside.popleft()
                self.call_soon(callback, *args, context=context)
                return []
            found = look(0)
            if not found and self._busy:
                found = look(_PATIENCE)
                if not found:
                    raise TimeoutError("the database does not answer")
            if found:
                return found
            if not self._from_outside:
                self._become_still(timeout)
                return []

    def _become_still(self, timeout: float | None) -> None:
        if self._stillness is None or self._stillness.done():
            raise RuntimeError("nothing can happen any more, yet something is waited for")
        self.next_timer = timeout
        self._stillness.set_result(None)


class _Outside(selectors.DefaultSelector):
    """Looks at files only when the loop has nothing else to do."""

    def __init__(self, loop: StillLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []
        return self._loop.look_outside(super().select, timeout)
