"""A line that breaks on demand, byte by byte, between the bot and a server.

It speaks HTTP over raw sockets, so a reset is a reset, half a body is half a body, and a refused
connection finds nobody listening. Which request breaks is said exactly: by a part of its path and
a count.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from tests.fakes.faulty_http import Answer, Request, read_answer, read_request

Kind = Literal[
    "reset before",  # the server never hears of it
    "stall before",
    "reset after",  # the server has acted
    "stall after",
    "cut after headers",
    "half body",
    "truncated JSON",  # whole as HTTP, half as JSON
    "wrong content type",
    "duplicate answer",  # twice, one right after the other
    "late duplicate",  # the second one comes when the connection's next request is waiting
    "slow drip",  # complete in the end
    "endless drip",  # always one more byte, never complete
    "canned",  # `answer` instead of the server's; it hears of it only if `acts`
]
_DROPS = 8
_DRIP = 0.03  # seconds between two drops


@dataclass
class Fault:
    """After `skip` requests whose path contains `part`, this happens to the next `times`."""

    part: str
    kind: Kind
    times: int = 1
    skip: int = 0
    answer: Answer | None = None
    acts: bool = False
    hits: int = 0

    def strikes(self, path: str) -> bool:
        if self.part not in path or self.hits >= self.times:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True


class _Left(Exception):
    """The client has hung up."""


class FaultyWire:
    """`async with FaultyWire(server.url) as wire:` and give the bot `wire.url`."""

    def __init__(self, target: str) -> None:
        self._host, self._target_port = urlsplit(target).hostname, urlsplit(target).port
        self._port = 0
        self._server: asyncio.Server
        self._faults: list[Fault] = []
        self._serving: set[asyncio.Task[None]] = set()
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Nobody listens: whoever connects is refused, and what was connected is reset."""
        await self._close()
        for _ in range(5):
            await asyncio.sleep(0)  # the other side, in this loop too, learns of the resets
        try:
            yield
        finally:
            await self._listen()

    def fail(self, part: str, kind: Kind, times: int = 1, *, skip: int = 0) -> Fault:
        """From now on, spoil the next requests to paths with this part."""
        return self._order(Fault(part, kind, times, skip))

    def answer(
        self,
        part: str,
        status: int,
        body: bytes,
        content_type: str = "application/json",
        times: int = 1,
        *,
        skip: int = 0,
        acts: bool = False,
        **headers: str,
    ) -> Fault:
        """Answer this instead; `acts`: the server has done what it was asked all the same."""
        more = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        instead = Answer(status, body, (("Content-Type", content_type), *more))
        return self._order(Fault(part, "canned", times, skip, instead, acts))

    def heal(self) -> None:
        """Nothing breaks any more."""
        self._faults.clear()

    def _order(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            with suppress(_Left, ConnectionError, asyncio.IncompleteReadError):
                await _Connection(self, reader, writer).serve()
        except asyncio.CancelledError:
            _reset(writer)  # `refusing`, or the end of the test
        finally:
            self._serving.discard(task)
            writer.close()

    def struck_by(self, path: str) -> Fault | None:
        """What happens to this request."""
        self.paths.append(path)
        return next((fault for fault in self._faults if fault.strikes(path)), None)

    async def ask(self, request: Request) -> Answer:
        """What the server answers."""
        reader, writer = await asyncio.open_connection(self._host, self._target_port)
        try:
            writer.write(request.raw)
            return await read_answer(reader)
        finally:
            writer.close()


class _Connection:
    """What one client says, and what it gets to hear."""

    def __init__(
        self, wire: FaultyWire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._wire = wire
        self._reader = reader
        self._writer = writer
        self._read = b""  # of the next request already
        self._owed = b""

    async def serve(self) -> None:
        """Request after request, until one side has enough."""
        while True:
            request = await read_request(self._reader, self._read)
            self._read = b""
            fault = self._wire.struck_by(request.path)
            self._writer.write(self._owed)
            self._owed = b""
            if fault is None:
                await self._send((await self._heard(request)).raw())
            else:
                await self._break(request, fault)

    async def _heard(self, request: Request) -> Answer:
        return await self._unless_left(self._wire.ask(request))

    async def _unless_left(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """The result, unless the client hangs up before."""
        working = asyncio.create_task(work)
        leaving = asyncio.create_task(self._reader.read(1))
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
            await asyncio.wait({leaving})
            if not leaving.cancelled():
                self._read = b"" if leaving.exception() else leaving.result()
                if not (self._read or working.done()):
                    raise _Left
            return await working
        finally:
            leaving.cancel()
            working.cancel()

    async def _send(self, raw: bytes) -> None:
        self._writer.write(raw)
        await self._writer.drain()

    async def _break(self, request: Request, fault: Fault) -> None:
        if fault.kind == "reset before":
            self._hang_up()
        elif fault.kind == "stall before":
            await self._stay_silent()
        elif fault.answer is not None:
            if fault.acts:
                await self._heard(request)
            await self._send(fault.answer.raw())
        else:
            await self._spoil(await self._heard(request), fault.kind)

    async def _spoil(self, real: Answer, kind: Kind) -> None:
        """The server has acted; this becomes of its answer."""
        half = real.body[: len(real.body) // 2]
        match kind:
            case "reset after":
                self._hang_up()
            case "stall after":
                await self._stay_silent()
            case "cut after headers":
                await self._cut_short(real, b"")
            case "half body":
                await self._cut_short(real, half)
            case "slow drip":
                await self._drip(real.raw())
            case "endless drip":
                await self._drip_for_ever(real)
            case "late duplicate":
                self._owed = real.raw()
                await self._send(real.raw())
            case _:
                await self._send(_changed(real, half, kind))

    def _hang_up(self) -> None:
        _reset(self._writer)
        raise _Left

    async def _stay_silent(self) -> None:
        while await self._reader.read(1024):
            pass
        raise _Left

    async def _cut_short(self, answer: Answer, begun: bytes) -> None:
        await self._send(answer.head(f"Content-Length: {len(answer.body)}") + begun)
        raise _Left

    async def _drip(self, raw: bytes) -> None:
        size = len(raw) // _DROPS + 1
        for start in range(0, len(raw), size):
            await self._send(raw[start : start + size])
            await asyncio.sleep(_DRIP)

    async def _drip_for_ever(self, answer: Answer) -> None:
        await self._send(answer.head("Transfer-Encoding: chunked"))
        while not (self._reader.at_eof() or self._writer.is_closing()):
            await self._send(b"1\r\n \r\n")
            await asyncio.sleep(_DRIP)
        raise _Left


def _changed(real: Answer, half: bytes, kind: Kind) -> bytes:
    """Whole as HTTP, but not what the client expects."""
    if kind == "truncated JSON":
        return replace(real, body=half).raw()
    if kind == "wrong content type":
        return replace(real, headers=(("Content-Type", "text/html; charset=utf-8"),)).raw()
    return real.raw() * 2


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset, whatever has been read or not."""
    connection = writer.get_extra_info("socket")
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
