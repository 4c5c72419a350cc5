"""Addresses that open a mail program with a letter filled in (RFC 6068), as far as they hold one.

Percent-encoding makes a Russian letter six times as long as it is. What programs take differs;
all take `LONGEST`.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from handlers.message import Mail

LONGEST = 1800  # characters of the whole address; some systems cut at 2,000


def mailto(mail: Mail) -> str:
    """The letter as a `mailto:` address."""
    fields = {"cc": ",".join(mail.copies), "subject": mail.subject, "body": _crlf(mail.body)}
    asked = "&".join(
        f"{name}={quote(value, safe='@,')}" for name, value in fields.items() if value
    )
    address = quote(mail.address, safe="@")
    return f"mailto:{address}?{asked}" if asked else f"mailto:{address}"


def first_that_fits(letters: Iterable[Mail], room: int = 0) -> Mail | None:
    """The first of these letters whose address is not too long, with room for more in it."""
    return next((mail for mail in letters if len(mailto(mail)) <= LONGEST - room), None)


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n")
