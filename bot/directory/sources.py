"""What every source of the directory is asked, and how it is asked politely."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp

from storage.directory.merging import Listed

log = logging.getLogger(__name__)

_PAUSE = 2.0  # seconds between two questions to one service
_FIRST_WAIT = 60.0  # after a refusal that names no time; it doubles
_ATTEMPTS = 5
_LONGEST = 90.0  # Wikidata itself gives up after 60
_BUSY = frozenset({
    HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
})  # fmt: skip


class SourceError(Exception):
    """A source gave no answer that can be used; the message says which and why."""


@dataclass(slots=True)
class Answer:
    """What a source lists of one state or country."""

    listed: list[Listed] = field(default_factory=list)
    refused: list[tuple[Listed, str, str]] = field(default_factory=list)  # of which, field, value
    sendings: Collection[str] = ()  # the states this answer is complete for
    host: str = ""  # in this country only; "" everywhere
    failed: Collection[str] = ()  # states about which there was no answer


class Source(Protocol):
    """One place that lists missions."""

    key: str  # in sources.csv
    called: str  # for people
    licence: str

    def answers(self, ask: Courtesy, wanted: Collection[str]) -> AsyncIterator[Answer]:
        """All it lists, or of the `wanted` states only. Raises `SourceError`."""
        ...


class Courtesy:
    """Asks one thing after the other, says who asks, and waits when it is told to."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        contact: str,
        today: date,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        keep: Callable[[str, bytes], None] = lambda _name, _raw: None,
    ) -> None:
        self._http = http
        self._agent = f"Tocsin/1.0 ({contact})"
        self._sleep = sleep
        self._keep = keep  # what was answered, by name
        self._asked = False
        self.today = today

    async def json(self, name: str, url: str, form: dict[str, str] | None = None) -> Any:  # noqa: ANN401 -- as it comes
        """The answer to a question. Raises `SourceError` when there is none after five tries."""
        for attempt in range(_ATTEMPTS):
            await self._pause()
            try:
                return await self._once(name, url, form)
            except _Busy as busy:
                if attempt < _ATTEMPTS - 1:
                    await self._sleep(busy.seconds or _FIRST_WAIT * 2**attempt)
        raise SourceError(f"{name}: the service is busy. Try again later; nothing was changed.")

    async def _pause(self) -> None:
        if self._asked:
            await self._sleep(_PAUSE)
        self._asked = True

    async def _once(self, name: str, url: str, form: dict[str, str] | None) -> Any:  # noqa: ANN401 -- as above
        headers = {"User-Agent": self._agent, "Accept": "application/sparql-results+json"}
        if form is None:
            headers["Accept"] = "application/json"
        limit = aiohttp.ClientTimeout(total=_LONGEST)
        method = "GET" if form is None else "POST"
        try:
            async with self._http.request(
                method, url, data=form, headers=headers, timeout=limit
            ) as answer:
                if answer.status in _BUSY:
                    raise _Busy(_seconds(answer.headers.get("Retry-After", "")))
                if answer.status != HTTPStatus.OK:
                    raise SourceError(f"{name}: the service answers {answer.status}.")
                raw = await answer.read()
                self._keep(name, raw)
                return await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SourceError(f"{name}: no connection ({type(error).__name__}).") from None
        except ValueError:
            raise SourceError(f"{name}: the answer is not JSON.") from None


class _Busy(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


def _seconds(retry_after: str) -> float:
    """What Retry-After asks for; 0 if it says nothing that can be read."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
        return max(0.0, (at - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0
