"""A letter as files: a draft for mail programs, plain text, and numbers as contact cards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.policy import SMTP

from handlers.addressees import Addressee
from handlers.alert_payload import AlertPayload
from handlers.i18n import Translator
from handlers.letter import Letter
from handlers.message import Attachment

_LONGEST_LINE = 74  # bytes of a line of a contact card before it goes on in the next (RFC 2426)


def eml(name: str, letter: Letter) -> Attachment:
    """The letter as an unsent message (RFC 5322); sender and date come from who sends it."""
    message = EmailMessage(policy=SMTP)
    message["To"] = letter.address
    if letter.copies:
        message["Cc"] = ", ".join(letter.copies)
    message["Subject"] = letter.subject
    message["X-Unsent"] = "1"  # Outlook opens it as a draft
    message.set_content(letter.text + "\n", cte="base64")
    return Attachment(f"{name}.eml", "message/rfc822", message.as_bytes().decode("ascii"))


def txt(name: str, letter: Letter) -> Attachment:
    """The letter as plain text, with whom it goes to and its subject above."""
    head = [letter.to, *([letter.address] if letter.address else []), *letter.copies]
    text = "\n".join([*filter(None, head), "", letter.subject, "", letter.text, ""])
    return Attachment(f"{name}.txt", "text/plain", text)


def contact_cards(
    name: str, people: Sequence[Addressee], translator: Translator, payload: AlertPayload
) -> list[Attachment]:
    """One file with a card (vCard 3.0) for each office that can be called; none: no file."""
    cards = [
        _card(to.named(translator, payload.main_language), to)
        for to in people
        if to.address("phone")
    ]
    return [Attachment(f"{name}.vcf", "text/vcard", "".join(cards))] if cards else []


def _card(named: str, to: Addressee) -> str:
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(named)}", f"N:{_escaped(named)};;;;"]
    lines += [f"ORG:{_escaped(named)}", *_reached(to), "END:VCARD"]
    return "".join(_folded(line) + "\r\n" for line in lines)


def _reached(to: Addressee) -> Iterator[str]:
    for channel in to.channels:
        match channel.kind:
            case "phone":
                yield f"TEL;TYPE=WORK,VOICE:{channel.value}"
            case "fax":
                yield f"TEL;TYPE=WORK,FAX:{channel.value}"
            case "email":
                yield f"EMAIL;TYPE=INTERNET:{channel.value}"
            case _:
                continue


def _escaped(text: str) -> str:
    for mark in ("\\", ",", ";"):
        text = text.replace(mark, "\\" + mark)
    return text.replace("\n", "\\n")


def _folded(line: str) -> str:
    """The line in pieces of at most 74 bytes, no letter cut in two."""
    pieces, piece = [], ""
    for letter in line:
        if len((piece + letter).encode()) > _LONGEST_LINE:
            pieces.append(piece)
            piece = " "
        piece += letter
    return "\r\n".join([*pieces, piece])
