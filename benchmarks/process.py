"""A process that is measured as a whole, from outside: all its threads, all its memory."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from benchmarks.service import ROOT

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, every thread counted."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def most_memory(pid: int) -> float:
    """The most memory a process has had, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise LookupError("the kernel does not tell VmHWM")


class Tocsin:
    """The real program on one installation; `unpaced` sends as fast as it can."""

    def __init__(self, config: Path, *, unpaced: bool = False) -> None:
        self._command: Sequence[str | Path] = (
            (sys.executable, "-m", "benchmarks.unpaced", config)
            if unpaced
            else (Path(sys.executable).with_name("tocsin"), "run", "--config", config)
        )
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.seconds_to_ready = 0.0

    async def __aenter__(self) -> Self:
        started = time.monotonic()
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stderr=PIPE, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
        said = await self._first_words(self._process, "is ready on")
        if said is not None:
            raise RuntimeError(f"Tocsin ended before it was ready:\n{said}")
        self.seconds_to_ready = time.monotonic() - started
        self._reading = asyncio.create_task(self._pass_on(self._process))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    @property
    def pid(self) -> int:
        """Its process number."""
        assert self._process is not None  # noqa: S101 - only asked while it runs
        return self._process.pid

    async def kill(self) -> None:
        """Pull the plug."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._reading is not None:
            await self._reading

    @staticmethod
    async def _first_words(process: Process, words: str) -> str | None:
        """Read until it says so; everything it said if it ends before."""
        said = []
        assert process.stderr is not None  # noqa: S101 - a pipe was asked for
        async for line in process.stderr:
            said.append(line.decode())
            if words in said[-1]:
                return None
        return "".join(said)

    @staticmethod
    async def _pass_on(process: Process) -> None:
        """Show what it complains of, so that no measurement hides a fault."""
        assert process.stderr is not None  # noqa: S101 - a pipe was asked for
        async for line in process.stderr:
            sys.stderr.write(line.decode())
