"""The German Foreign Office's list of foreign missions in Germany.

https://www.auswaertiges-amt.de/opendata/representativesInGermany, no key needed. Two descriptions
of its fields disagree, so both spellings are read. The heads of missions are persons: left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.directory.printed import read_values
from bot.directory.sources import Answer, Courtesy, SourceError
from bot.directory.wikidata import name_of
from handlers.countries import find_country
from storage.directory.merging import Listed

URL = "https://www.auswaertiges-amt.de/opendata/representativesInGermany"
_HOST = "DE"
_KINDS = (  # what the office is called, the more particular first
    ("honorar", ""),
    ("generalkonsulat", "consulate-general"),
    ("konsulat", "consulate"),
    ("konsularabteilung", ""),
    ("nuntiatur", "nunciature"),
    ("hochkommiss", "high-commission"),
    ("botschaft", "embassy"),
)
_HERE = ("", "deutschland", "germany")


class Germany:
    """The source."""

    key = "de"
    called = "Auswärtiges Amt"
    licence = "Auswärtiges Amt, open data: see its terms of use"

    def __init__(self, url: str = "") -> None:
        self._url = url or URL

    async def answers(self, ask: Courtesy, wanted: Collection[str]) -> AsyncIterator[Answer]:
        """One answer for all states. An empty one means that the service is switched off."""
        told = await ask.json("germany", self._url)
        groups = list(_within(told.get("response", told) if isinstance(told, dict) else {}))
        answer = Answer(host=_HOST)
        for group in groups:
            sending = _state(group)
            if sending and (not wanted or sending in wanted):
                answer.sendings = [*answer.sendings, sending]
                for office_id, office in _named(group):
                    _read(answer, office_id, office, sending, ask.today.isoformat())
        if not groups or not (answer.listed or wanted):
            raise SourceError("germany: the list is empty; the service seems to be switched off.")
        yield answer


def _named(table: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:  # noqa: ANN401 -- as it comes
    """The entries that a table's contentList names."""
    if isinstance(table, dict):
        for name in table.get("contentList") or ():
            entry = table.get(str(name))
            if isinstance(entry, dict):
                yield str(name), entry


def _within(table: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 -- as above
    yield from (entry for _, entry in _named(table))


def _state(group: Mapping[str, Any]) -> str:
    """The country code of a group of offices; names are German."""
    match = find_country(_text(group, "country"), ["de"])
    return match.code if match.exact and match.code and match.code != _HOST else ""


def _read(
    answer: Answer, office_id: str, office: Mapping[str, Any], sending: str, today: str
) -> None:
    called = _text(office, "description", "title", "type").casefold()
    kind = next((kind for word, kind in _KINDS if word in called), "")
    if not kind or _text(office, "country").casefold() not in _HERE:
        return
    city = _text(office, "city")
    values = read_values(
        host=_HOST,
        places=[city],
        address=_address(office),
        phones=_texts(office, "phone", "telefone"),
        faxes=_texts(office, "fax"),
        emails=_texts(office, "mail"),
        websites=_texts(office, "website", "url"),
    )
    embassy = kind not in {"consulate", "consulate-general"}
    listed = Listed(
        source=Germany.key,
        source_id=office_id,
        sending=sending,
        host=_HOST,
        kind=kind,
        name=name_of(kind, sending, _HOST, city),
        as_of=min(_day(office.get("lastModified")) or today, today),
        city=city,
        jurisdictions=(_HOST,) if embassy else (),
        values=values.good,
        phone_raw=values.phone_raw,
    )
    answer.listed.append(listed)
    answer.refused += [(listed, what, value) for what, value in values.refused]


def _address(office: Mapping[str, Any]) -> str:
    whole = _text(office, "address")
    if whole:
        return whole
    street = f"{_text(office, 'street')} {_text(office, 'number')}".strip()
    town = f"{_text(office, 'zip')} {_text(office, 'city')}".strip()
    return ", ".join(filter(None, [street, town])) if street else ""


def _text(table: Mapping[str, Any], *keys: str) -> str:
    found = _texts(table, *keys)
    return found[0] if found else ""


def _texts(table: Mapping[str, Any], *keys: str) -> list[str]:
    """What is written under the first of these keys that has something: a text or several."""
    for key in keys:
        value = table.get(key)
        found = value if isinstance(value, list) else [value]
        texts = [it.strip() for it in found if isinstance(it, str) and it.strip()]
        if texts:
            return texts
    return []


def _day(milliseconds: Any) -> str:  # noqa: ANN401 -- as it comes
    """The date of a time in milliseconds; "" for anything else."""
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool) or milliseconds <= 0:
        return ""
    seconds = milliseconds / 1000 if milliseconds > 10**11 else milliseconds
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
