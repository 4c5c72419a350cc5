"""From a contact as it was printed to one that can be used: never guessed, never generated.

The traps are those of real appeals: two numbers in one field, `++7`, `(0)`, dead area codes,
addresses hidden from robots, a full stop at the end.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from handlers.campaign import Contact, ContactKind, ContactProblem

# What pages behind Cloudflare show in the place of an address; the blank is often U+00A0.
_REDACTED = re.compile(r"\[\s*email\s*protected\s*\]", re.IGNORECASE)
_AND = r"\s+(?:or|and|или|и)\s+"
# After a stroke only what begins anew with + or 00 is another number: "… 00 / 03" is extensions.
_BETWEEN_NUMBERS = re.compile(rf"[,;\n]|{_AND}|/(?=\s*(?:[+＋]|00\s*[1-9]))", re.IGNORECASE)
_BETWEEN_ADDRESSES = re.compile(rf"[,;\n]|\s/\s|{_AND}", re.IGNORECASE)
_AT = re.compile(r"\s*[(\[{]\s*(?:at|a|@)\s*[)\]}]\s*", re.IGNORECASE)
_DOT = re.compile(r"\s*[(\[{]\s*(?:dot|\.)\s*[)\]}]\s*", re.IGNORECASE)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# RFC 5321 dot-string before the @ and a host name after it; ASCII only, because a Cyrillic
# letter that looks Latin is the commonest way to mistype an address in a Russian text.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")
_HOST = re.compile(rf"(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")


def normalise(kind: ContactKind, printed: str) -> list[Contact]:
    """The contacts in one printed field: one, or several where it holds several numbers.

    Each keeps what was printed. One that cannot be used has no `normal` and names its `problem`.
    """
    return [_one(kind, part) for part in _split(kind, printed)]


def comparable(contact: Contact) -> tuple[str, str]:
    """Equal for two contacts that reach the same desk, whatever their capital letters."""
    return contact.kind, (contact.normal or _seen(contact.printed)).casefold()


def _split(kind: ContactKind, printed: str) -> list[str]:
    if kind in ("postal", "web"):
        return [printed]
    between = _BETWEEN_ADDRESSES if kind == "email" else _BETWEEN_NUMBERS
    return [part.strip() for part in between.split(printed) if part.strip()] or [printed]


def _one(kind: ContactKind, printed: str) -> Contact:
    if _REDACTED.search(printed):
        return Contact(kind=kind, printed=printed, problem="redacted")
    if not _seen(printed):
        return Contact(kind=kind, printed=printed, problem="unreadable")
    match kind:
        case "email":
            return _email(printed)
        case "phone" | "fax":
            return _number(kind, printed)
        case "web":
            return _web(printed)
        case "postal":
            return Contact(kind=kind, printed=printed, normal=_lines(printed))


def _seen(printed: str) -> str:
    """The text without the invisible marks that come along when it is copied from a page."""
    visible = "".join(letter for letter in printed if unicodedata.category(letter) != "Cf")
    return visible.replace("\u00a0", " ").strip()


def _lines(printed: str) -> str:
    return "\n".join(line.strip() for line in _seen(printed).splitlines() if line.strip())


# ------------------------------------------------------------------------------- addresses


def _email(printed: str) -> Contact:
    text = re.sub(r"^\s*(?:mailto:|e-?mail:)", "", _seen(printed), flags=re.IGNORECASE)
    text = _DOT.sub(".", _AT.sub("@", text)).strip().strip("<>").rstrip(".,;")
    if _EMAIL.fullmatch(text) and len(text) <= 254:
        return Contact(kind="email", printed=printed, normal=text)
    problem: ContactProblem = "not_valid" if "@" in text else "unreadable"
    return Contact(kind="email", printed=printed, problem=problem)


def _web(printed: str) -> Contact:
    text = _seen(printed)
    if _is_page(text):
        return Contact(kind="web", printed=printed, normal=text)
    repair = f"https://{text}" if "://" not in text and _is_page(f"https://{text}") else ""
    return Contact(kind="web", printed=printed, problem="not_valid", repair=repair)


def _is_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    secret = parts.username or parts.password
    plain = parts.scheme in ("http", "https") and not secret and not re.search(r"\s", url)
    return plain and bool(_HOST.fullmatch(host))


# --------------------------------------------------------------------------------- numbers


def _number(kind: ContactKind, printed: str) -> Contact:
    text = _dialled(printed)
    number = _parsed(text)
    if number and phonenumbers.is_valid_number(number):
        return Contact(kind=kind, printed=printed, normal=_e164(number))
    first = _parsed(text.partition("/")[0])  # "…00 / 03 / 04" is one number and its extensions
    if "/" in text and first and phonenumbers.is_valid_number(first):
        return Contact(kind=kind, printed=printed, normal=_e164(first))
    if not number:
        return Contact(kind=kind, printed=printed, problem="unreadable")
    return Contact(kind=kind, printed=printed, problem="not_valid", repair=_renumbered(number))


def _dialled(printed: str) -> str:
    """The field with one `+` in front, the way every number must be dialled from abroad."""
    text = re.sub(r"^[^\d+＋(]+", "", _seen(printed))
    text = re.sub(r"^[+＋][\s+＋]*", "+", text)
    return re.sub(r"^00\s*(?=[/\s-]*[1-9])", "+", text)


def _parsed(text: str) -> PhoneNumber | None:
    """The number in the text, read without any guess at the country it might be in."""
    try:
        number = phonenumbers.parse(text, None)
    except NumberParseException:
        return None
    return number if _holds(text, _e164(number)) else None


def _holds(text: str, number: str) -> bool:
    """Whether every digit of the number is really there: letters are never read as digits."""
    printed = iter([unicodedata.decimal(letter) for letter in text if letter.isdecimal()])
    return all(int(digit) in printed for digit in number.lstrip("+"))


def _renumbered(number: PhoneNumber) -> str:
    """What a dead Kazakh number probably became: area codes 3xxx turned into 7xxx.

    Only an offer: the subscriber's part may have changed with it.
    """
    text = _e164(number)
    if not text.startswith("+73"):
        return ""
    offer = _parsed("+77" + text[3:])
    alive = offer and phonenumbers.region_code_for_number(offer) == "KZ"
    return _e164(offer) if offer and alive else ""


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
