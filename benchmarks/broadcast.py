"""One broadcast by the real program, from the organiser's press to the last notice."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.installation import CASE, HEADLINE, OWNER, TEXT, install
from benchmarks.ledger import Policy
from benchmarks.process import Tocsin, cpu_seconds, most_memory
from benchmarks.service import Figures, Service

_INSTALLING = asyncio.Lock()  # making tables is nothing that one process does twice at once
_SLOWEST = 8.0  # notices a second at least, or the measurement is given up


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What one broadcast took."""

    people: int
    figures: Figures
    cpu: float  # seconds, from the press to the last notice
    memory: float  # MB at most
    samples: list[dict[str, str]]

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor time for one message on the wire."""
        return 1000 * self.cpu / self.figures.notices


async def broadcast(
    people: int, policy: Policy, *, unpaced: bool = False, ask_every: float = 0.0
) -> Broadcast:
    """Subscribe so many, alert them, and wait until it has reached the last one."""
    with tempfile.TemporaryDirectory() as folder:
        async with Service(policy) as service:
            async with _INSTALLING:
                made = await install(Path(folder), service.url, people)
            async with Tocsin(made.config, unpaced=unpaced) as program:
                await prepare(service)
                cpu = cpu_seconds(program.pid)
                await service.presses(OWNER, "Send")
                if ask_every:
                    await service.ask(ask_every)
                await _until_all_have_it(service, people)
                cpu = cpu_seconds(program.pid) - cpu
                await _until_answered(service)
                memory = most_memory(program.pid)
                return Broadcast(
                    people, await service.figures(), cpu, memory, await service.samples()
                )


async def prepare(service: Service) -> None:
    """The organiser's draft stands and waits for the press."""
    await service.says(OWNER, f"/alert {CASE} {HEADLINE}\n{TEXT}")
    await service.hears(OWNER, HEADLINE, within=30)


async def _until_all_have_it(service: Service, people: int) -> None:
    await service.hears(OWNER, f"Delivered {people:,} of {people:,}", people * 4 / _SLOWEST + 60)


async def _until_answered(service: Service) -> None:
    await service.rest()
    async with asyncio.timeout(60):
        while (await service.figures()).unanswered:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
