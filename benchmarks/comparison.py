"""The bare loops against the messages that Tocsin really sent, on a server of the same kind."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ledger import Policy
from benchmarks.service import FAST_PYTHON, ROOT, Service


@dataclass(frozen=True, slots=True)
class Rival:
    """What one bare loop took."""

    name: str
    per_second: float
    cpu_ms: float  # of processor time, for one message
    memory: float


async def rival(name: str, samples: list[dict[str, str]], total: int) -> Rival:
    """Let a loop send so many messages and nothing else."""
    python = FAST_PYTHON if name == "aiogram" else Path(sys.executable)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as messages:
        json.dump(samples, messages)
        messages.flush()
        async with Service(Policy()) as service:
            process = await asyncio.create_subprocess_exec(
                *(python, "-m", "benchmarks.loops", name, "--url", service.url),
                *("--messages", messages.name, "--total", str(total)),
                stdout=PIPE,
                cwd=ROOT,
            )
            said, _ = await process.communicate()
            if process.returncode:
                raise RuntimeError(f"the {name} loop failed")
            figures = await service.figures()
    took = json.loads(said)
    return Rival(
        name, figures.per_second, 1000 * took["cpu"] / figures.notices, float(took["memory"])
    )
