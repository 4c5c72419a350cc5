"""The measuring server as the measuring program sees it: started, asked, stopped."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import aiohttp

from benchmarks.ledger import Policy

ROOT = Path(__file__).parent.parent
FAST_PYTHON = Path(__file__).parent / ".venv" / "bin" / "python"
"""Has uvloop and the bots we compare with; the project itself needs neither."""

TOKEN = "1:benchmark"  # noqa: S105 - a fake server's


@dataclass(frozen=True, slots=True)
class Figures:
    """What the server saw; times in seconds of its clock."""

    notices: int
    chats: int
    first: float
    last: float
    others: int
    waits: list[float]
    unanswered: int
    pressed: float
    refused: int

    @property
    def seconds(self) -> float:
        """From the first notice to the last."""
        return self.last - self.first

    @property
    def per_second(self) -> float:
        """Notices a second; the first one starts the clock."""
        return (self.notices - 1) / self.seconds if self.seconds else 0.0


class Service:
    """One server process with one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._process: Process | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        python = FAST_PYTHON if FAST_PYTHON.exists() else Path(sys.executable)
        self._process = await asyncio.create_subprocess_exec(
            *(python, "-m", "benchmarks.server"),
            *("--per-second", str(self._policy.per_second)),
            *("--shut", str(self._policy.shut)),
            *("--latency", str(self._policy.latency)),
            stdout=PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        self.url = f"http://127.0.0.1:{int(await self._process.stdout.readline())}"
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        if self._process is not None:
            self._process.kill()
            await self._process.wait()

    async def says(self, chat: int, text: str) -> None:
        """Somebody writes to the bot."""
        await self._control("say", chat=chat, text=text)

    async def presses(self, chat: int, label: str, within: float = 30.0) -> None:
        """Somebody presses a button as soon as it is there."""
        async with asyncio.timeout(within):
            while not await self._control("press", chat=chat, label=label):  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.02)

    async def hears(self, chat: int, words: str, within: float) -> None:
        """Wait until one of the last texts in this chat contains the words."""
        async with asyncio.timeout(within):
            while words not in str(await self._control("heard", chat=chat)):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.2)

    async def ask(self, every: float) -> None:
        """From now on somebody new asks for help so often."""
        await self._control("ask", every=every)

    async def rest(self) -> None:
        """Nobody asks any more."""
        await self._control("rest")

    async def figures(self) -> Figures:
        """What it saw so far."""
        return Figures(**await self._control("figures"))  # type: ignore[arg-type]

    async def samples(self) -> list[dict[str, str]]:
        """The different notices it got, for others to send again."""
        found: list[dict[str, str]] = await self._control("samples")  # type: ignore[assignment]
        return found

    async def _control(self, what: str, **given: object) -> object:
        body = urlencode(given).encode()
        async with self._session.post(f"{self.url}/control/{what}", data=body) as answer:
            return json.loads(await answer.read())
