"""The real `tocsin` process: started, waited for, stopped and killed like a supervisor does."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Self

PATIENCE = 60.0  # seconds for anything the process should do


class Program:
    """One installation's process. `said` is what it has written to stderr."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.said: list[str] = []
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._heard = asyncio.Event()
        self.begun = 0  # what it had said before it was last started

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    @property
    def text(self) -> str:
        """Everything it has said."""
        return "\n".join(self.said)

    @property
    def pid(self) -> int:
        """The running process's number; 0 if it does not run."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process is not None else 0

    def does(self, duty: str) -> bool:
        """Does it run, and has it taken this duty since it was started?"""
        lines = (line for line in self.said[self.begun :] if f"duty={duty}" in line)
        return bool(self.pid) and any("on duty" in it or "taking over" in it for it in lines)

    async def start(self, crash_at: str = "") -> None:
        """Start it; `ready` waits until it works. It may be made to die at a crash point."""
        self.begun = len(self.said)
        self._process = await asyncio.create_subprocess_exec(
            *(Path(sys.executable).with_name("tocsin"), "run", "--config", self.config),
            stderr=PIPE,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONUNBUFFERED": "1", "TOCSIN_CRASH_AT": crash_at},
        )
        self._reading = asyncio.create_task(self._read(self._process))

    async def ready(self) -> Self:
        """Start it and return once it says so."""
        already = len(self.said)
        await self.start()
        await self.says("Tocsin is ready", since=already)
        return self

    async def _read(self, process: Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            self.said.append(line.decode().rstrip())
            self._stir()
        await process.wait()
        self._stir()

    def _stir(self) -> None:
        self._heard.set()
        self._heard = asyncio.Event()

    async def says(self, words: str, *, since: int = 0) -> None:
        """Wait for these words; fails if it ends or is too slow."""
        async with asyncio.timeout(PATIENCE):
            while not any(words in line for line in self.said[since:]):
                assert self._reading is not None
                assert not self._reading.done(), f"it ended: {self.text}"
                await self._heard.wait()

    async def speaks(self) -> None:
        """Wait until it says anything, or ends."""
        await self._heard.wait()

    async def ends(self) -> int:
        """Wait until it ends by itself; its exit status."""
        assert self._process is not None
        assert self._reading is not None
        async with asyncio.timeout(PATIENCE):
            await self._reading
        return self._process.returncode or 0

    async def stop(self) -> int:
        """Ask it to stop as a supervisor does; its exit status."""
        return await self._signalled(signal.SIGTERM)

    async def kill(self) -> int:
        """Pull the plug."""
        return await self._signalled(signal.SIGKILL)

    async def _signalled(self, number: int) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return await self.ends()
