"""Wikidata's missions: the skeleton of the directory, and what little else they have.

https://www.wikidata.org, CC0. One question for the states, then one for each state's missions; one
question for all of them together takes the service longer than it allows.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.directory.printed import Values, read_values
from bot.directory.sources import Answer, Courtesy, SourceError
from handlers.countries import country_name
from storage.directory.merging import ASSUMED, Listed

URL = "https://query.wikidata.org/sparql"
_QUERIES = Path(__file__).parent / "queries"
_KOSOVO = ("Q1246", "XK")  # has no ISO code
_HOLY_SEE = "VA"
_KINDS = {  # the more particular first: an item may be of several classes
    "Q23891529": "honorary",
    "Q620045": "nunciature",
    "Q18414273": "high-commission",
    "Q5244910": "de-facto-embassy",
    "Q3917681": "embassy",
    "Q372690": "consulate-general",
    "Q61881945": "de-facto-consulate",
    "Q73088858": "consulate",
    "Q7843791": "consulate",
    "Q2360219": "permanent-mission",
    "Q94158456": "interests-section",
    "Q213283": "diplomatic-mission",
}
_UNKNOWN = "unknown"  # a trade office, say: whom it answers to nobody has said
_BILATERAL = {"embassy", "high-commission", "nunciature", "de-facto-embassy"}
_RANK = {item: rank for rank, item in enumerate(_KINDS)}
_CALLED = {
    "embassy": "Embassy of {0} in {1}",
    "high-commission": "High Commission of {0} in {1}",
    "nunciature": "Apostolic Nunciature to {1}",
    "permanent-mission": "Permanent Mission of {0} in {1}",
    "de-facto-embassy": "Representation of {0} in {1}",
    "consulate-general": "Consulate General of {0} in {2}",
    "consulate": "Consulate of {0} in {2}",
    "de-facto-consulate": "Representation of {0} in {2}",
}
_ROOTS = re.compile(r"VALUES \?root \{[^}]*\}")
_MOST_FAILURES = 5
_CODE = re.compile(r"[A-Z]{2}")
_Binding = Mapping[str, str]


class Wikidata:
    """The source."""

    key = "wq"
    called = "Wikidata"
    licence = "CC0-1.0"

    def __init__(self, url: str = "") -> None:
        self._url = url or URL

    async def answers(self, ask: Courtesy, wanted: Collection[str]) -> AsyncIterator[Answer]:
        """State by state; a state whose question fails is left as it is, and the next one asked.

        Raises `SourceError` if not even the list of states comes, or nearly every state fails.
        """
        states = await self._states(ask)
        failed = 0
        for code, item in states.items():
            if wanted and code not in wanted:
                continue
            try:
                found = await self._ask(ask, f"wikidata-{code}", self._query(code, item))
            except SourceError:
                failed += 1
                if failed > _MOST_FAILURES:
                    raise
                yield Answer(failed=(code,))
                continue
            yield read_answer(found, code, ask.today.isoformat())

    async def _states(self, ask: Courtesy) -> dict[str, str]:
        """Country code → item."""
        found = await self._ask(ask, "wikidata-states", _query("operators"))
        states = {it["iso"]: _item(it["op"]) for it in found if _CODE.fullmatch(it.get("iso", ""))}
        if not states:
            raise SourceError("wikidata-states: the answer names no state.")
        return {**states, _KOSOVO[1]: _KOSOVO[0]}

    async def _ask(self, ask: Courtesy, name: str, query: str) -> list[_Binding]:
        answer = await ask.json(name, self._url, {"query": query})
        try:
            rows = answer["results"]["bindings"]
            return [{key: str(it["value"]) for key, it in row.items()} for row in rows]
        except (TypeError, KeyError, AttributeError):
            raise SourceError(f"{name}: the answer has not the form of one.") from None

    def _query(self, code: str, item: str) -> str:
        """The question; for the Holy See without an operator, which only its class names."""
        query = _query("missions").replace("wd:Q232", f"wd:{item}")
        if code == _HOLY_SEE:
            query = query.replace("wdt:P137 ?op ;\n     wdt:P31", "wdt:P31")
            query = _ROOTS.sub("VALUES ?root { wd:Q620045 }", query)
        return query


def _query(name: str) -> str:
    return (_QUERIES / f"{name}.rq").read_text("utf-8")


def read_answer(found: Collection[_Binding], sending: str, today: str) -> Answer:
    """The missions of one state; honorary consuls are private people, and left out."""
    answer = Answer(sendings=(sending,))
    for row in _most_particular(found):
        kind, host = _KINDS.get(_item(row["type"]), _UNKNOWN), _host(row, sending)
        if host and kind == _UNKNOWN:
            listed = _listed(row, Values(), (kind, sending, host), today)
            answer.refused.append((listed, "mission", _item(row["type"])))
        elif host and kind != "honorary":
            values = _values(row, host)
            listed = _listed(row, values, (kind, sending, host), today)
            answer.listed.append(listed)
            answer.refused += [(listed, what, value) for what, value in values.refused]
    return answer


def _most_particular(found: Collection[_Binding]) -> Iterator[_Binding]:
    best: dict[str, _Binding] = {}
    for row in found:
        if {"m", "type"} <= row.keys():
            known = best.get(row["m"])
            if known is None or _rank(row) < _rank(known):
                best[row["m"]] = row
    yield from best.values()


def _rank(row: _Binding) -> int:
    return _RANK.get(_item(row["type"]), len(_RANK))


def _host(row: _Binding, sending: str) -> str:
    """Where it stands: what the item says, else its town; "" where that is not one country."""
    hosts = [code for code in _codes(row, "hosts") if code != sending]
    hosts = hosts or [code for code in _codes(row, "areaHosts") if code != sending]
    return hosts[0] if len(hosts) == 1 else ""


def _values(row: _Binding, host: str) -> Values:
    return read_values(
        host=host,
        places=list(_texts(row, "places")),
        address=_street(row),
        phones=list(_texts(row, "phones")),
        faxes=list(_texts(row, "faxes")),
        emails=list(_texts(row, "emails")),
        websites=list(_texts(row, "websites")),
    )


def _listed(row: _Binding, values: Values, what: tuple[str, str, str], today: str) -> Listed:
    kind, sending, host = what
    city = next(_texts(row, "places"), "")
    named = tuple(_codes(row, "jurisdictions"))
    assumed = not named and kind in _BILATERAL
    return Listed(
        source=Wikidata.key,
        source_id=_item(row["m"]),
        sending=sending,
        host=host,
        kind=kind,
        name=name_of(kind, sending, host, city),
        # The last edit is the last day on which anybody can have looked: never newer than that.
        as_of=min(row.get("modified", "")[:10] or today, today),
        city=city,
        jurisdictions=(host,) if assumed else named,
        areas=tuple(_texts(row, "otherAreas")),
        values=values.good,
        phone_raw=values.phone_raw,
        flags=(ASSUMED,) if assumed else (),
    )


def name_of(kind: str, sending: str, host: str, city: str) -> str:
    """The English name that every row has, made from its kind and countries."""
    called = _CALLED.get(kind, "Mission of {0} in {1}")
    where = country_name(host, "en")
    return called.format(country_name(sending, "en"), where, city or where)


def _street(row: _Binding) -> str:
    """The address in the local language or English; each is written "language:address"."""
    streets = [it.partition(":") for it in _texts(row, "streets")]
    streets = [it for it in streets if it[2]]
    return next((it[2] for it in streets if it[0] != "en"), streets[0][2] if streets else "")


def _codes(row: _Binding, key: str) -> Iterator[str]:
    yield from (code for code in row.get(key, "").split() if _CODE.fullmatch(code))


def _texts(row: _Binding, key: str) -> Iterator[str]:
    yield from (it.strip() for it in row.get(key, "").split("|") if it.strip())


def _item(address: Any) -> str:  # noqa: ANN401 -- as it comes
    """Q232 of http://www.wikidata.org/entity/Q232."""
    return str(address).rpartition("/")[2]
