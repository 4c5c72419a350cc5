"""What a client sent, as a form or as JSON: both are read into the same texts."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, unquote_plus

_CACHED = 4096


class Reader:
    """Reads requests. Long texts repeat from chat to chat in a form: each is decoded once."""

    def __init__(self) -> None:
        self._decoded: dict[bytes, str] = {}

    def read(self, body: bytes, query: bytes) -> dict[str, str]:
        """The parameters by name; what is not a text is given as JSON."""
        if body.startswith(b"{"):
            return {
                name: value if isinstance(value, str) else _compact(value)
                for name, value in json.loads(body).items()
            }
        if body:
            pairs = (pair.partition(b"=") for pair in body.split(b"&"))
            return {name.decode(): self._decode(value) for name, _, value in pairs}
        return dict(parse_qsl(query.decode()))

    def _decode(self, raw: bytes) -> str:
        known = self._decoded.get(raw)
        if known is None:
            known = unquote_plus(raw.decode())
            if len(raw) < 200:  # short ones are ids; buttons differ, too, and drive out no text
                return known
            if len(self._decoded) >= _CACHED:
                self._decoded.clear()
            self._decoded[raw] = known
        return known


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
