"""Plain JSON requests to a homeserver, for the few things the client library does not do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.platforms.matrix.patience import Patience


class Refused(Exception):
    """The homeserver answered, but not with success; `code` is its M_… word, or ""."""

    def __init__(self, status: int, answer: dict[str, Any]) -> None:
        self.status = status
        self.answer = answer
        self.code = str(answer.get("errcode", ""))
        super().__init__(f"{status} {self.code}".strip())


@dataclass(frozen=True)
class Http:
    """One homeserver, with or without an access token."""

    homeserver: str
    token: str = field(default="", repr=False)
    seconds: float = Patience().request

    async def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """The answer's JSON. Raises `Refused`, aiohttp's `ClientError` or `TimeoutError`.

        A success that is no JSON object was said by something in between: a `ClientError` too.
        """
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = self.homeserver.rstrip("/") + "/_matrix/client/v3" + path
        limit = aiohttp.ClientTimeout(total=self.seconds)
        async with (
            aiohttp.ClientSession(timeout=limit, headers=headers) as session,
            session.request(method, url, json=body) as response,
        ):
            answer = read_object(await response.read())
            if response.status != 200:
                raise Refused(response.status, answer or {})
            if answer is None:
                raise aiohttp.ClientPayloadError("an answer that makes no sense")
            return answer


def read_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object of an answer; None for what is none, as a proxy in between would say."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
