"""A source's printed fields as values that can be used: normalised, or refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from handlers.contacts import normalise
from handlers.countries import country_name

# A local part of an office has one of these, or the name of a place, in it.
_OFFICE = re.compile(
    r"emb|amb|botsch|cons|kons|consul|missi|info|office|secret|sekret|reception|chancery|protocol|"
    r"post|mail|visa|press|presse|contact|kontakt|poczta|zast|nunti|vertretung|diplom|mfa|"
    r"gov|acs|passport|admin|cancill|kanz|legation|highcom|hc|hicom|representa",
    re.IGNORECASE,
)
_TWO_WORDS = re.compile(r"([a-z]{2,})[._-]([a-z]{3,})", re.IGNORECASE)
_NO_ADDRESS = re.compile(
    r"does not have|no embassy|not have an|\d+\s*°|^[\d\s.,;°NSEW'\"-]+$", re.IGNORECASE
)


@dataclass(slots=True)
class Values:
    """What can be used, by field, and what cannot."""

    good: dict[str, str] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)  # field, value
    phone_raw: str = ""


def read_values(
    *,
    host: str,
    places: Iterable[str] = (),
    address: str = "",
    phones: Sequence[str] = (),
    faxes: Sequence[str] = (),
    emails: Sequence[str] = (),
    websites: Sequence[str] = (),
) -> Values:
    """The first usable value of each kind; `host` is the country a national number is in."""
    values = Values()
    known = [*places, country_name(host, "en"), country_name(host, "de")]
    usable = [email for printed in emails for email in _emails(printed, known, values)]
    if usable:
        values.good["email"] = min(usable, key=lambda it: "cons" in it or "visa" in it)
    for name, printed in (("phone", phones), ("fax", faxes)):
        number = next(filter(None, (number_in(it, host) for it in printed)), "")
        if number:
            values.good[name] = number
        elif printed:
            values.refused.append((name, printed[0]))
    values.phone_raw = phones[0] if phones and "phone" not in values.good else ""
    pages = [it.normal for printed in websites for it in normalise("web", printed) if it.normal]
    if pages:
        values.good["website"] = pages[0]
    if address and _NO_ADDRESS.search(address):
        values.refused.append(("address", address))
    elif address:
        values.good["address"] = ", ".join(line.strip() for line in address.splitlines() if line)
    return values


def number_in(printed: str, host: str) -> str:
    """The first valid number in E.164, also where it is printed as dialled within the country."""
    for contact in normalise("phone", printed):
        if contact.normal:
            return contact.normal
    try:
        number = phonenumbers.parse(re.split(r"[,;/]| oder ", printed)[0], host)
    except NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _emails(printed: str, places: Sequence[str], values: Values) -> Iterator[str]:
    for contact in normalise("email", printed):
        local, _, server = contact.normal.partition("@")
        if not contact.normal or is_a_persons(local, places):
            values.refused.append(("email", contact.printed))
        else:
            yield f"{local}@{server.lower()}"


def is_a_persons(local: str, places: Sequence[str]) -> bool:
    """Is this the mailbox of somebody by name ("ivan.petrov"), not of an office?"""
    two = _TWO_WORDS.fullmatch(local)
    if two is None or _OFFICE.search(local):
        return False
    words = [re.sub(r"\W", "", place).casefold() for place in places if place]
    return not any(
        word[:4] in part.casefold() or part.casefold() in word
        for word in words
        if len(word) > 3
        for part in two.groups()
    )
