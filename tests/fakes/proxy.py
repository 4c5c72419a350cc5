"""A proxy that fails or lies on demand between the bot and a server: refusals, cuts, lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp
from aiohttp import web
from yarl import URL

Fault = Literal["cut before", "cut after", "held back"] | tuple[int, dict[str, object] | str]
"""The line is cut before the server hears, or before its answer is passed on; or a request is
answered with `{}` but reaches the server only on `release`; or it gets this answer instead."""

_HOP_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "content-encoding"}


@dataclass
class Rule:
    """After `skip` requests whose path contains `part`, this happens to the next `times`."""

    part: str
    fault: Fault
    times: int
    skip: int = 0
    hits: int = 0


class FaultyProxy:
    """`async with FaultyProxy(server.url) as proxy:` and give the bot `proxy.url`."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.url = ""
        self.paths: list[str] = []
        self._rules: list[Rule] = []
        self._held: list[web.Request] = []
        self._lies: list[tuple[str, Callable[[dict[str, Any]], None]]] = []
        self._session: aiohttp.ClientSession
        self._runner: web.AppRunner

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application(client_max_size=64 * 1024**2)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()
        await self._session.close()

    def fail(self, part: str, fault: Fault, times: int = 1, *, skip: int = 0) -> Rule:
        """From now on, spoil the next requests to paths with this part."""
        rule = Rule(part, fault, times, skip)
        self._rules.append(rule)
        return rule

    def lies(self, part: str, lie: Callable[[dict[str, Any]], None]) -> None:
        """From now on, change the answers of requests to paths with this part."""
        self._lies.append((part, lie))

    def tells_the_truth(self) -> None:
        """No lies any more."""
        self._lies.clear()

    async def release(self) -> None:
        """Let the server have what was held back."""
        held, self._held = self._held, []
        for request in held:
            await self._forward(request)

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        fault = self._fault(request.path)
        if isinstance(fault, tuple):
            status, body = fault
            if isinstance(body, str):
                return web.Response(status=status, text=body, content_type="text/html")
            return web.json_response(body, status=status)
        if fault == "cut before":
            return _cut(request)
        if fault == "held back":
            await request.read()  # kept in the request, for later
            self._held.append(request)
            return web.json_response({})
        answer = await self._forward(request)
        return _cut(request) if fault == "cut after" else answer

    def _fault(self, path: str) -> Fault | None:
        for rule in self._rules:
            if rule.part not in path or rule.hits >= rule.times:
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            rule.hits += 1
            return rule.fault
        return None

    async def _forward(self, request: web.Request) -> web.Response:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_HEADERS}
        url = self.target + request.raw_path
        async with self._session.request(
            request.method,
            URL(url, encoded=True),
            data=await request.read(),
            headers=headers,
        ) as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_HEADERS}
            body = self._changed(request.path, await answer.read())
            return web.Response(status=answer.status, body=body, headers=kept)

    def _changed(self, path: str, body: bytes) -> bytes:
        lies = [lie for part, lie in self._lies if part in path]
        if not lies:
            return body
        said = json.loads(body)
        for lie in lies:
            lie(said)
        return json.dumps(said).encode()


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
