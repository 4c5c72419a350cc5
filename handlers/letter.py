"""One letter to one addressee, in one language: written once, shown in many ways.

The chat, the action page, the files and the printed sheet all take it from here. What stands in
square brackets is for the sender to fill in; we never do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from handlers.embassy_channels import ChannelKind
from handlers.i18n import Translator
from handlers.mailto import first_that_fits
from handlers.message import Mail

CHANNELS: tuple[ChannelKind, ...] = ("email", "fax", "postal")
"""How a letter can travel, the quickest first."""


@dataclass(frozen=True, slots=True)
class Letter:
    """All that is written; `short` are briefer bodies for where little fits, longest first."""

    to: str  # who gets it, as an envelope says it
    channel: ChannelKind | None  # how it travels; None if no way is known
    address: str  # for that channel; "" if none is known
    copies: tuple[str, ...]  # e-mail addresses
    salutation: str
    subject: str
    body: str  # with its end, without the salutation
    language: str
    short: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole letter as one copies it."""
        return self.greeted(self.body)

    def greeted(self, body: str) -> str:
        """A body below the salutation."""
        return f"{self.salutation}\n\n{body}" if self.salutation else body


def mail(letter: Letter, translator: Translator, room: int = 0) -> Mail | None:
    """The letter to open in a mail program, as much of it as fits; None if no e-mail is known.

    `room`: characters of the address that the sender's own words will need.
    """
    if letter.channel != "email":
        return None
    address = letter.address
    full = Mail(
        address,
        translator.t("mail-filled", address=address),
        letter.copies,
        letter.subject,
        letter.text,
    )
    brief = replace(full, text=translator.t("mail-short", address=address))
    empty = replace(full, body="", text=translator.t("mail-empty", address=address))
    choices = [full, *(replace(brief, body=letter.greeted(body)) for body in letter.short), empty]
    return first_that_fits(choices, room) or Mail(address, empty.text)
