"""Plain JSON requests to a homeserver, for the few things the client library does not do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp

REQUEST_SECONDS = 30


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

    async def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """The answer's JSON. Raises `Refused`, aiohttp's `ClientError` or `TimeoutError`."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = self.homeserver.rstrip("/") + "/_matrix/client/v3" + path
        limit = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=limit, headers=headers) as session,
            session.request(method, url, json=body) as response,
        ):
            answer = _object(await response.text())
            if response.status != 200:
                raise Refused(response.status, answer)
            return answer


def _object(text: str) -> dict[str, Any]:
    """What a proxy in between says instead of JSON counts as nothing said."""
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
