"""python-telegram-bot's transport over aiohttp: cheaper than httpx, and it knows what was sent.

httpx' pool collapses above some thirty requests in flight, and PTB folds "never left" and "may
have arrived" into one error. Here they are two.
"""

from __future__ import annotations

from typing import Any

import aiohttp
from telegram._utils.defaultvalue import DEFAULT_NONE, DefaultValue
from telegram.error import NetworkError
from telegram.request import BaseRequest, RequestData

_CONNECTIONS = 16
_CONNECT = 10.0  # seconds
_READ = 30.0  # PTB's 5 s make many answers doubtful that only come late


class NotSentError(NetworkError):
    """The request never left: no connection."""


class MaybeSentError(NetworkError):
    """The request left, its answer did not come."""


class AiohttpRequest(BaseRequest):
    """One connection pool; `read` is how many seconds an answer may take."""

    def __init__(self, read: float = _READ) -> None:
        self._read = read
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds an answer may take."""
        return self._read

    async def initialize(self) -> None:
        """Open the pool."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
            self._session = aiohttp.ClientSession(connector=connector, trust_env=True)

    async def shutdown(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(  # noqa: PLR0917 - PTB's signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = DEFAULT_NONE,  # noqa: ANN401 - PTB's signature
        write_timeout: Any = DEFAULT_NONE,  # noqa: ANN401, ARG002 - PTB's signature
        connect_timeout: Any = DEFAULT_NONE,  # noqa: ANN401, ARG002 - PTB's signature
        pool_timeout: Any = DEFAULT_NONE,  # noqa: ANN401, ARG002 - PTB's signature
    ) -> tuple[int, bytes]:
        """Send one request. No error names the URL: it holds the token."""
        if self._session is None:
            raise NotSentError("the connection pool is closed")
        read = self._read if isinstance(read_timeout, DefaultValue) else read_timeout
        timeout = aiohttp.ClientTimeout(sock_connect=_CONNECT, sock_read=read)
        try:
            async with self._session.request(
                method, url, data=_body(request_data), timeout=timeout, allow_redirects=False
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSentError(f"no connection: {type(error).__name__}") from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise MaybeSentError(f"no answer: {type(error).__name__}") from None


def _body(data: RequestData | None) -> aiohttp.FormData | dict[str, str] | None:
    if data is None:
        return None
    if not data.contains_files:
        return data.json_parameters
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form
