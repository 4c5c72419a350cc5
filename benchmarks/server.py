"""A Bot API server in a process of its own, so that the client is what is measured.

    python -m benchmarks.server --per-second 30 --shut 3 --latency 0.08

A fake server inside the client's process would take half of its time. This one parses HTTP by
hand and answers more than ten thousand requests a second on one core. `/control/…` plays people
and tells the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import cast
from urllib.parse import parse_qsl

from benchmarks.bot_api import BotApi
from benchmarks.ledger import Policy

with suppress(ImportError):
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

_HEAD_END = b"\r\n\r\n"
_TOO_MANY = b'{"ok":false,"error_code":429'


class Connection(asyncio.Protocol):
    """One keep-alive connection: HTTP/1.1 requests with a Content-Length, one after the other."""

    def __init__(self, api: BotApi) -> None:
        self._api = api
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write to."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Whoever waited for an answer here does not any more."""
        self._transport = None
        for task in self._tasks:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        """Take whole requests off what has come so far."""
        self._received += data
        while True:
            end = self._received.find(_HEAD_END)
            if end < 0:
                return
            head = self._received[:end]
            start = end + len(_HEAD_END)
            stop = start + _content_length(head)
            if len(self._received) < stop:
                return
            body, self._received = self._received[start:stop], self._received[stop:]
            self._request(head.split(b" ", 2)[1], body)

    def _request(self, path: bytes, body: bytes) -> None:
        arrived = time.monotonic()
        place, _, query = path.partition(b"?")
        folder, _, method = place.rpartition(b"/")
        if folder == b"/control":
            self._answer(control(self._api, method.decode(), body))
            return
        answer = self._api.call(method, body, query, arrived)
        if isinstance(answer, bytes):
            self._answer_late(answer)
            return
        task = asyncio.create_task(self._answer_when_ready(answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer_when_ready(self, answer: Awaitable[bytes]) -> None:
        self._answer(await answer)

    def _answer_late(self, answer: bytes) -> None:
        latency = self._api.gate.policy.latency
        if latency:
            asyncio.get_running_loop().call_later(latency, self._answer, answer)
        else:
            self._answer(answer)

    def _answer(self, answer: bytes) -> None:
        status = b"429 Too Many Requests" if answer.startswith(_TOO_MANY) else b"200 OK"
        if self._transport is not None:
            self._transport.write(
                b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (status, len(answer), answer)
            )


def _content_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"content-length:")
    return int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def control(api: BotApi, what: str, body: bytes) -> bytes:
    """What the measuring program asks for."""
    given = dict(parse_qsl(body.decode()))
    chat = int(given.get("chat", 0))
    match what:
        case "say":
            api.says(chat, given["text"])
        case "press":
            return json.dumps(api.presses(chat, given["label"])).encode()
        case "ask":
            api.ask(float(given["every"]))
        case "rest":
            api.rest()
        case "heard":
            return json.dumps("\n\n".join(api.heard.get(chat, ()))).encode()
        case "samples":
            return json.dumps(list(api.samples.values())).encode()
        case "figures":
            return json.dumps({**api.ledger.figures(), "refused": api.gate.refusals}).encode()
    return b"true"


async def serve(policy: Policy) -> None:
    """Say on which port, then answer until killed."""
    api = BotApi(policy)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(api), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Read the policy from the command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--per-second", type=int, default=0)
    options.add_argument("--shut", type=float, default=0.0)
    options.add_argument("--latency", type=float, default=0.0)
    given = options.parse_args()
    asyncio.run(serve(Policy(given.per_second, given.shut, given.latency)))


if __name__ == "__main__":
    main()
