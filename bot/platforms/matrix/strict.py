"""Believing only what has the form of an answer.

A proxy's error page, or half an answer, is an empty one to the library, and an empty answer is
what success looks like where a room's key is handed over: its reader would never see anything.
"""

from __future__ import annotations

from typing import Any

import nio
from aiohttp import ClientPayloadError

from bot.platforms.matrix.http import read_object


class StrictClient(nio.AsyncClient):  # type: ignore[misc]  # the library has no types
    """A client that takes no page of something in between for the homeserver's word."""

    def __init__(self, *about: Any, **more: Any) -> None:  # noqa: ANN401 -- the library's signature
        super().__init__(*about, **more)
        self._read: tuple[Any, dict[str, Any] | None] = (None, None)  # the last answer, parsed

    async def create_matrix_response(
        self,
        response_class: Any,  # noqa: ANN401 -- the library has no types
        transport_response: Any,  # noqa: ANN401 -- as above
        data: tuple[Any, ...] | None = None,
        save_to: Any = None,  # noqa: ANN401 -- as above
    ) -> Any:  # noqa: ANN401 -- as above
        """An error page is an error. Raises if a success has not the form of one."""
        answer = await self._object(transport_response)
        if transport_response.status >= 300:
            response = nio.ErrorResponse.from_dict({"error": "", **(answer or {})})
            response.transport_response = transport_response
            return response
        if answer is None:
            raise ClientPayloadError("an answer that makes no sense")
        return await super().create_matrix_response(
            response_class, transport_response, data, save_to
        )

    async def parse_body(self, transport_response: Any) -> dict[str, Any]:  # noqa: ANN401 -- as above
        """The answer, whatever type it says it has; the library raises for some."""
        return await self._object(transport_response) or {}

    async def _object(self, transport_response: Any) -> dict[str, Any] | None:  # noqa: ANN401 -- as above
        if self._read[0] is not transport_response:
            self._read = (transport_response, read_object(await transport_response.read()))
        return self._read[1]
