"""HTTP/1.1 by hand, for a line that must be broken at an exact byte."""

from __future__ import annotations

from asyncio import StreamReader
from dataclasses import dataclass

_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "accept-encoding"}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)

    def head(self, length: str) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{k}: {v}" for k, v in self.headers)]
        return "\r\n".join([*lines, length, "", ""]).encode()

    def raw(self) -> bytes:
        return self.head(f"Content-Length: {len(self.body)}") + self.body


@dataclass(frozen=True)
class Request:
    """An HTTP request, ready for the server."""

    path: str
    raw: bytes


async def read_request(reader: StreamReader, begun: bytes = b"") -> Request:
    """The next request, of which these bytes have been read already."""
    first, about = _head(begun + await reader.readuntil(b"\r\n\r\n"))
    body = await _body(reader, about)
    kept = [f"{name}: {value}" for name, value in about.items() if name not in _HOP]
    own = ["Connection: close", f"Content-Length: {len(body)}", "", ""]
    head = "\r\n".join([first, *kept, *own]).encode("latin-1")
    return Request(first.split()[1], head + body)


async def read_answer(reader: StreamReader) -> Answer:
    """A server's answer."""
    first, about = _head(await reader.readuntil(b"\r\n\r\n"))
    framed = "content-length" in about or "transfer-encoding" in about
    body = await (_body(reader, about) if framed else reader.read())
    headers = tuple((name, value) for name, value in about.items() if name not in _HOP)
    return Answer(int(first.split()[1]), body, headers)


def _head(raw: bytes) -> tuple[str, dict[str, str]]:
    """The first line, and the fields by their names in small letters."""
    first, *lines = raw.decode("latin-1").split("\r\n")
    fields = [line.partition(":") for line in lines if line]
    return first, {name.lower(): value.strip() for name, _, value in fields}


async def _body(reader: StreamReader, about: dict[str, str]) -> bytes:
    if "chunked" not in about.get("transfer-encoding", ""):
        return await reader.readexactly(int(about.get("content-length", 0)))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body
