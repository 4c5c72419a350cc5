"""A query service and a foreign office for tests, which answer in the form of the real ones.

The query service knows the missions of the shipped directory, as recorded answers that tests edit.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from storage.directory import Directory, Mission

_CLASSES = {
    "embassy": "Q3917681",
    "high-commission": "Q18414273",
    "nunciature": "Q620045",
    "de-facto-embassy": "Q5244910",
    "consulate-general": "Q372690",
    "consulate": "Q7843791",
    "honorary": "Q23891529",
    "permanent-mission": "Q2360219",
    "diplomatic-mission": "Q213283",
    "trade-office": "Q7777777",
}
ITEMS = {"KZ": "Q232", "VA": "Q237", "IE": "Q27", "GW": "Q1007"}
_ENTITY = "http://www.wikidata.org/entity/"
Binding = dict[str, str]


def mission(item: str, kind: str, host: str, **more: str) -> Binding:
    """One row of an answer, with what every row has."""
    row = {
        "hosts": host,
        "areaHosts": host,
        "jurisdictions": host,
        "modified": "2026-11-01T10:00:00Z",
    }
    return {"m": f"{_ENTITY}{item}", "type": f"{_ENTITY}{_CLASSES[kind]}", **row, **more}


def as_listed(it: Mission) -> Binding:
    """A mission of the directory, as the query service shows it."""
    return mission(
        it.id.removeprefix("wd-"),
        it.kind,
        it.host,
        jurisdictions=" ".join(it.jurisdictions),
        modified="2022-11-16T08:00:00Z",
        websites=it.website if it.source.get("website", "").endswith("(Wikidata)") else "",
        emails=f"mailto:{it.email}" if it.source.get("email", "").endswith("(Wikidata)") else "",
        phones=it.phone_raw or it.phone,
    )


def office(number: str, called: str, city: str = "Berlin", **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- as the real one
    """One office of the foreign office's list, with its head by name, which nobody must keep."""
    usual = {"id": number, "description": called, "leader": "Herr CANARY Leiterov", "city": city}
    return {**usual, "country": "Deutschland", "lastModified": 1_790_000_000_000, **more}


@dataclass
class EmbassySources:
    """What both services answer; tests change it."""

    missions: dict[str, list[Binding]] = field(default_factory=dict)  # by sending state
    germany: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by German name
    faults: list[web.Response] = field(default_factory=list)  # the next answers
    silent: set[str] = field(default_factory=set)  # states whose missions cannot be asked for
    asked: list[tuple[str, str]] = field(default_factory=list)  # who asks, and what
    url: str = ""

    def knows(self, directory: Directory, *sendings: str) -> None:
        """The shipped missions of these states that came from Wikidata."""
        for code in sendings:
            theirs = [it for it in directory.missions(code) if it.id.startswith("wd-")]
            self.missions[code] = [as_listed(it) for it in theirs]

    def row(self, sending: str, host: str) -> Binding:
        """The first mission of a state in a country."""
        return next(it for it in self.missions[sending] if it["hosts"] == host)

    async def sparql(self, request: web.Request) -> web.Response:
        """The query service: states, or one state's missions."""
        query = str((await request.post())["query"])
        self.asked.append((request.headers["User-Agent"], query))
        if self.faults:
            return self.faults.pop(0)
        if "?iso" in query and "VALUES ?op" not in query:
            rows = [{"op": _ENTITY + ITEMS[it], "iso": it} for it in self.missions]
        else:
            found = re.search(r"VALUES \?op \{ wd:(Q\d+) \}", query)
            assert found
            codes = [code for code, item in ITEMS.items() if item == found[1]]
            if self.silent & set(codes):
                return web.Response(status=500)
            rows = [row for code in codes for row in self.missions.get(code, [])]
            if "VALUES ?root { wd:Q620045 }" in query:
                assert "P137" not in query
        bound = [
            {key: {"type": "literal", "value": it} for key, it in row.items()} for row in rows
        ]
        return web.json_response(
            {"head": {"vars": []}, "results": {"bindings": bound}},
            content_type="application/sparql-results+json",
        )

    async def representatives(self, request: web.Request) -> web.Response:
        """The foreign office: groups by country, each with its offices."""
        self.asked.append((request.headers["User-Agent"], "germany"))
        if self.faults:
            return self.faults.pop(0)
        response: dict[str, Any] = {"contentList": [], "lastModified": 1_790_000_000}
        for number, (country, offices) in enumerate(self.germany.items()):
            group = {"country": country, "contentList": [it["id"] for it in offices]}
            response["contentList"].append(f"g{number}")
            response[f"g{number}"] = group | {it["id"]: it for it in offices}
        return web.json_response({"response": response} if self.germany else {})

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[EmbassySources]:
        """The two services on a free port."""
        app = web.Application()
        app.router.add_post("/sparql", self.sparql)
        app.router.add_get("/germany", self.representatives)
        server = TestServer(app)
        await server.start_server()
        self.url = str(server.make_url("/"))
        try:
            yield self
        finally:
            await server.close()


@pytest.fixture
async def sources() -> AsyncIterator[EmbassySources]:
    """Services that know what the shipped directory knows, and a German list of one embassy."""
    services = EmbassySources()
    services.knows(Directory.open(), "KZ", "VA")
    services.germany = {"Kasachstan": [office("o1", "Botschaft der Republik Kasachstan")]}
    async with services.serving():
        yield services
