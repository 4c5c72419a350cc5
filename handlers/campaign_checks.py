"""What one value of a campaign file cannot know about itself: contacts, ids and references.

Everything here reads the file as it is, right or wrong, so that all mistakes come out at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field, ValidationError

from handlers.campaign import Contact, ContactKind, Part
from handlers.campaign_fields import Day, FullDay, Text, Words, nearest
from handlers.campaign_lines import Loc
from handlers.campaign_problems import Finding, explain
from handlers.contacts import comparable, normalise

Raw = dict[str, Any]
_LISTS_WITH_IDS = ("sources", "targets", "cases")


class PrintedContact(Part):
    """A contact as it stands in the file, before it is normalised."""

    kind: ContactKind
    printed: Text
    note: Words = Field(default_factory=dict)
    as_of: Day = ""
    checked: FullDay = ""
    superseded: bool = False  # known to be out of use: kept for the record


def take_contacts(raw: Raw, language: str) -> tuple[list[Finding], list[Finding]]:
    """Puts usable contacts in the place of printed ones in `raw`; returns errors and warnings."""
    errors: list[Finding] = []
    warnings: list[Finding] = []
    for loc, table, key in _contact_lists(raw):
        read = []
        for number, entry in enumerate(table[key]):
            contacts, wrong = _read((*loc, number), entry, language)
            read += [((*loc, number), contact) for contact in contacts]
            errors += wrong
        for at, contact in read:
            wrong, holes = _judged((*at, "printed"), contact)
            errors += wrong
            warnings += holes
        warnings += _twice(read)
        table[key] = [contact for _, contact in read]
    return errors, warnings


def _read(loc: Loc, entry: object, language: str) -> tuple[list[Contact], list[Finding]]:
    try:
        printed = PrintedContact.model_validate(entry, context={"language": language})
    except ValidationError as wrong:
        found = [explain(error) for error in wrong.errors()]
        return [], [Finding(loc + each.loc, each.key, _meant(each)) for each in found]
    more = {"note": printed.note, "as_of": printed.as_of, "checked": printed.checked}
    if printed.superseded:
        more["problem"] = "superseded"
    contacts = normalise(printed.kind, printed.printed)
    return [contact.model_copy(update=more) for contact in contacts], []


def _judged(loc: Loc, contact: Contact) -> tuple[list[Finding], list[Finding]]:
    """What is wrong with a contact, and what only has to be said about it."""
    args: dict[str, object] = {"value": contact.printed}
    if contact.problem == "redacted":
        return [], [Finding(loc, "import-redacted", args)]
    if contact.repair and contact.problem != "superseded":
        return [], [Finding(loc, "import-repair", {**args, "repair": contact.repair})]
    if contact.problem in ("not_valid", "unreadable"):
        return [Finding(loc, f"import-bad-{_sort(contact.kind)}", args)], []
    if contact.kind in ("phone", "fax") and "(0)" in contact.printed and contact.usable:
        return [], [Finding(loc, "import-zero-removed", {**args, "normal": contact.normal})]
    return [], []


def _twice(read: list[tuple[Loc, Contact]]) -> Iterator[Finding]:
    first: dict[tuple[str, str], Loc] = {}
    for loc, contact in read:
        if contact.usable and first.setdefault(comparable(contact), loc) is not loc:
            args = {"value": contact.printed, "first": first[comparable(contact)]}
            yield Finding(loc, "import-contact-twice", args)


def _meant(finding: Finding) -> dict[str, object]:
    if finding.key != "import-unknown-key":
        return dict(finding.args)
    close = nearest(str(finding.loc[-1]), PrintedContact.model_fields)
    return {**finding.args, "suggestion": close}


def _sort(kind: ContactKind) -> str:
    return "phone" if kind in ("phone", "fax") else kind


def _contact_lists(raw: Raw) -> Iterator[tuple[Loc, Raw, str]]:
    if isinstance(raw.get("copies_to"), list):
        yield ("copies_to",), raw, "copies_to"
    for number, target in _tables(raw, "targets"):
        if isinstance(target.get("contacts"), list):
            yield ("targets", number, "contacts"), target, "contacts"


def _tables(raw: Raw, key: str) -> Iterator[tuple[int, Raw]]:
    """The tables of a list, wherever there are any."""
    entries = raw.get(key)
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield number, entry


# ------------------------------------------------------------------------ ids and references


def cross_checked(raw: Raw) -> list[Finding]:
    """Ids used twice, and references to targets, sources and people that are not there."""
    found = [finding for key in _LISTS_WITH_IDS for finding in _repeated(_ids(raw, key))]
    found += _repeated(_hearing_ids(raw))
    sources = [str(value) for _, value in _ids(raw, "sources")]
    found += _unknown_sources((), raw, sources)
    targets = [str(value) for _, value in _ids(raw, "targets")]
    for number, case in _tables(raw, "cases"):
        loc: Loc = ("cases", number)
        listed = list(_items((*loc, "targets"), case.get("targets")))
        found += _repeated(listed)
        found += _unknown("import-unknown-target", listed, targets)
        found += _unknown_people(loc, case)
    return found


def _ids(raw: Raw, key: str) -> list[tuple[Loc, object]]:
    return [((key, n, "id"), table["id"]) for n, table in _tables(raw, key) if "id" in table]


def _hearing_ids(raw: Raw) -> list[tuple[Loc, object]]:
    """The ids of all hearings, but of a case whose own id is taken: that is said elsewhere."""
    cases: dict[str, tuple[int, Raw]] = {}
    for number, case in _tables(raw, "cases"):
        cases.setdefault(str(case.get("id", number)), (number, case))
    return [
        (("cases", number, "hearings", n, "id"), hearing.get("id"))
        for number, case in cases.values()
        for n, hearing in _tables(case, "hearings")
    ]


def _items(loc: Loc, values: object) -> Iterator[tuple[Loc, object]]:
    for number, value in enumerate(values if isinstance(values, list) else []):
        yield (*loc, number), value


def _repeated(named: list[tuple[Loc, object]]) -> Iterator[Finding]:
    first: dict[str, Loc] = {}
    for loc, value in named:
        if isinstance(value, str) and first.setdefault(value, loc) != loc:
            yield Finding(loc, "import-duplicate", {"value": value, "first": first[value]})


def _unknown(key: str, named: list[tuple[Loc, object]], known: list[str]) -> Iterator[Finding]:
    for loc, value in named:
        if isinstance(value, str) and value not in known:
            yield Finding(loc, key, {"value": value, "suggestion": nearest(value, known)})


def _unknown_sources(loc: Loc, value: object, known: list[str]) -> Iterator[Finding]:
    """Every list called `sources` below the top names sources of the campaign."""
    for step, inner in _inside(value):
        if step == "sources" and loc:
            yield from _unknown("import-unknown-source", list(_items((*loc, step), inner)), known)
        else:
            yield from _unknown_sources((*loc, step), inner, known)


def _inside(value: object) -> list[tuple[str | int, object]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _unknown_people(loc: Loc, case: Raw) -> Iterator[Finding]:
    people = [str(person.get("name")) for _, person in _tables(case, "people")]
    for key in ("charges", "events"):
        named = [
            ((*loc, key, n, "person"), table["person"])
            for n, table in _tables(case, key)
            if table.get("person")
        ]
        yield from _unknown("import-unknown-person", named, people)
