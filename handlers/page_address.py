"""Where the action page of an alert is.

Whoever has its address may see it. The address names the alert by chance alone; what stands behind
its question mark (country, language, lot) is no more than what the reader was shown in the chat.
"""

from __future__ import annotations

from urllib.parse import urlencode

from storage.outbox import Reader


def address_of(public_url: str, page: str | None) -> str:
    """The address of a page; "" if there are none."""
    return f"{public_url}/a/{page}" if public_url and page else ""


def address_for(page: str, reader: Reader) -> str:
    """The page as this reader should see it."""
    about = {"country": reader.country, "lang": reader.language, "v": reader.lot or ""}
    asked = urlencode({name: value for name, value in about.items() if value})
    return f"{page}?{asked}" if page and asked else page
