"""python-telegram-bot's transport over aiohttp: cheaper than httpx, and it knows what was sent.

httpx' pool collapses above some thirty requests in flight, and PTB folds "never left", "may have
arrived" and "a gateway said so" into the same errors. Here they are told apart (see answers.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from telegram._utils.defaultvalue import DEFAULT_NONE, DefaultValue
from telegram.request import BaseRequest, RequestData

from bot.platforms.telegram.answers import MaybeSentError, NotSentError, read_answer, refusal

_CONNECTIONS = 16
_JSON = {"Content-Type": "application/json"}
CONNECT = 10.0  # seconds
READ = 30.0  # PTB's 5 s make many answers doubtful that only come late
_DRIPPING = 2  # times as long as the wait for a byte may all of an answer take


class AiohttpRequest(BaseRequest):
    """One connection pool; `read` is how many seconds an answer may keep silent."""

    def __init__(self, read: float = READ, connect: float = CONNECT) -> None:
        self._read = read
        self._connect = connect
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}  # by method's URL: there are few

    @property
    def read_timeout(self) -> float:
        """Seconds an answer may keep silent."""
        return self._read

    async def initialize(self) -> None:
        """Open the pool."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )

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
        read = self._read if isinstance(read_timeout, DefaultValue) else read_timeout
        return await self._exchange(
            method, url, read=read, proxy=_proxy(url), data=_body(request_data)
        )

    async def call(self, url: str, body: bytes) -> object:
        """What a method returns that is asked in JSON. Raises what `post` does."""
        if url not in self._proxies:
            self._proxies[url] = _proxy(url)
        _, payload = await self._exchange(
            "POST", url, read=self._read, proxy=self._proxies[url], data=body, headers=_JSON
        )
        return read_answer(payload)["result"]

    async def _exchange(
        self,
        method: str,
        url: str,
        *,
        read: float,
        **about: Any,  # noqa: ANN401 - handed on to aiohttp
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise NotSentError("the connection pool is closed")
        await asyncio.sleep(0)  # notice first which kept connections the other side has closed
        with _told_apart():
            async with self._session.request(
                method, url, timeout=self._timeout(read), allow_redirects=False, **about
            ) as response:
                status, payload = response.status, await response.read()
        if not 200 <= status < 300:
            raise refusal(status, payload)
        return status, payload

    def _timeout(self, read: float) -> aiohttp.ClientTimeout:
        whole = self._connect + _DRIPPING * read
        return aiohttp.ClientTimeout(total=whole, sock_connect=self._connect, sock_read=read)

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:  # noqa: ANN401 - JSON
        """The answer to what succeeded. PTB's own would log all of it if it is no JSON."""
        return read_answer(payload)


@contextmanager
def _told_apart() -> Iterator[None]:
    """Errors of the network as one of two: the request has not left, or it may have arrived."""
    try:
        yield
    except (
        aiohttp.ClientConnectorError,  # also DNS, certificates, a proxy that cannot be reached
        aiohttp.ClientHttpProxyError,  # a proxy that refuses to connect us
        aiohttp.ConnectionTimeoutError,
        aiohttp.InvalidURL,
    ) as error:
        raise NotSentError(f"no connection: {type(error).__name__}") from None
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        # Also a kept connection that was closed the moment it was used again: nobody knows.
        raise MaybeSentError(f"no answer: {type(error).__name__}") from None


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for this server.

    aiohttp's own `trust_env` looks for it, and for passwords in ~/.netrc, at every request.
    """
    server = urlsplit(url)
    if server.hostname is None or proxy_bypass(server.hostname):
        return None
    return getproxies().get(server.scheme)


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
