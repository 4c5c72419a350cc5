"""`tocsin run` started from an interpreter that has imported it already.

Nine tenths of a start are imports. Who starts the program two thousand times forks it here: the
same command line in a process of its own, which can be killed like any other.

Run as a program, this is the interpreter that waits: a line of JSON in starts one, its number and
then its exit status come out.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from tests.fakes.program import PATIENCE, Program

_ROOT = Path(__file__).parents[2]


class Preloaded(Program):
    """One installation's process after the other; the waiting interpreter stays for all."""

    def __init__(self, config: Path) -> None:
        super().__init__(config)
        self._waiting: Process | None = None
        self._pid = 0
        self._ended: asyncio.Task[int] | None = None

    @property
    def alive(self) -> bool:
        """Is a process there that has not ended?"""
        return self._ended is not None and not self._ended.done()

    async def __aexit__(self, *_: object) -> None:
        if self.alive:
            await self.kill()
        if self._waiting is not None and self._waiting.stdin is not None:
            self._waiting.stdin.close()
            await self._waiting.wait()
        if self._reading is not None:
            await self._reading

    async def start(self, crash_at: str = "") -> None:
        waiting = self._waiting or await self._open()
        assert waiting.stdin is not None
        assert waiting.stdout is not None
        line = json.dumps({"config": str(self.config), "crash_at": crash_at})
        waiting.stdin.write(f"{line}\n".encode())
        self._pid = int(await waiting.stdout.readline())
        self._ended = asyncio.create_task(_status(waiting.stdout))

    async def _open(self) -> Process:
        self._waiting = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.fakes.preloaded"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=_ROOT,
        )
        self._reading = asyncio.create_task(self._read(self._waiting))
        return self._waiting

    async def says(self, words: str, *, since: int = 0) -> None:
        async with asyncio.timeout(PATIENCE):
            while not any(words in line for line in self.said[since:]):
                assert self.alive, f"it ended: {self.text}"
                await self._heard.wait()

    async def ends(self) -> int:
        assert self._ended is not None
        async with asyncio.timeout(PATIENCE):
            return await asyncio.shield(self._ended)

    async def _signalled(self, number: int) -> int:
        if self.alive:
            os.kill(self._pid, number)
        return await self.ends()


async def _status(stream: asyncio.StreamReader) -> int:
    return int(await stream.readline())


def _wait_and_fork() -> None:
    import bot.app  # noqa: PLC0415 - what this process is for
    import bot.platforms.telegram  # noqa: F401, PLC0415 - as above
    from bot.cli import app  # noqa: PLC0415 - as above
    from storage import crashpoints  # noqa: PLC0415 - as above

    parent = os.getpid()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _end_with(parent)
            os.close(1)
            crashpoints.arm(order["crash_at"])
            app(["run", "--config", order["config"]])
        print(pid, flush=True)  # noqa: T201 - the answer
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer


def _end_with(parent: int) -> None:
    """Nothing is left running when the test itself is killed."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only there

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


if __name__ == "__main__":
    _wait_and_fork()
