"""The faults of the matrix: what each does to a request, and whether the server acts on it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.fakes.faulty import Fault, FaultyWire, Kind

Breaks = Callable[[FaultyWire, str], Fault]
"""Orders one fault for the next request to a path with this part."""

THREE_HOURS = 3 * 3600
GATEWAY = b"<html><head><title>502 Bad Gateway</title></head></html>"
REFUSED = "refused"


def _torn(kind: Kind) -> Breaks:
    return lambda wire, part: wire.fail(part, kind)


def says(
    status: int, body: object, content_type: str = "application/json", *, acts: bool = False
) -> Breaks:
    """The next request gets this answer, as JSON unless it is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda wire, part: wire.answer(part, status, raw, content_type, acts=acts)


TORN_BEFORE: dict[str, Breaks] = {
    "reset before": _torn("reset before"),
    "stall before": _torn("stall before"),
    "500": says(500, b""),
    "502 HTML": says(502, GATEWAY, "text/html"),
}
"""The server has heard nothing; the client cannot know."""

TORN_AFTER: dict[str, Breaks] = {
    "reset after": _torn("reset after"),
    "stall after": _torn("stall after"),
    "cut after headers": _torn("cut after headers"),
    "half body": _torn("half body"),
    "truncated JSON": _torn("truncated JSON"),
    "endless drip": _torn("endless drip"),
    "502 HTML after": says(502, GATEWAY, "text/html", acts=True),
    "200 HTML": says(200, GATEWAY, "text/html", acts=True),
    "empty": says(200, b"", acts=True),
    "JSON of another type": says(200, [1, None], acts=True),
}
"""The server has done what it was asked; the client cannot know."""

HARMLESS: dict[str, Breaks] = {
    "slow drip": _torn("slow drip"),
    "wrong content type": _torn("wrong content type"),
    "duplicate answer": _torn("duplicate answer"),
}
"""The answer is odd, but all there."""


@asynccontextmanager
async def broken(
    wire: FaultyWire, part: str, breaks: Breaks | None
) -> AsyncIterator[Fault | None]:
    """The next request to a path with this part breaks; without a fault, all are refused."""
    if breaks is None:
        async with wire.refusing():
            yield None
    else:
        yield breaks(wire, part)
