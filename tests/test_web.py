from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from bot.platforms import local as local_platform
from bot.platforms.local import Local
from bot.web import chat as chat_pages
from bot.web.server import WebServer
from storage.database import Database
from storage.schema import upgrade
from storage.vault import Vault
from tests.fakes.echo import KEY, LETTER, NOTICE, PEOPLE, Echo, healthy, progress, serving

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;"
CHAT = f"/chat/{KEY}"


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    database = Database(f"sqlite:///{tmp_path}/tocsin.db", Vault(bytes(range(32))))
    await upgrade(database)
    async with Local(database) as local:
        yield local
    await database.close()


@pytest.fixture
async def served(local: Local) -> AsyncIterator[tuple[WebServer, Echo]]:
    async with serving(local) as (server, echo):
        yield server, echo


@pytest.fixture
async def echo(served: tuple[WebServer, Echo]) -> Echo:
    return served[1]


@pytest.fixture
async def http(served: tuple[WebServer, Echo]) -> AsyncIterator[aiohttp.ClientSession]:
    base = URL(f"http://127.0.0.1:{served[0].port}")
    async with aiohttp.ClientSession(base, headers={"Accept-Language": "en"}) as session:
        yield session


async def read(http: aiohttp.ClientSession, path: str, **headers: str) -> tuple[int, str]:
    async with http.get(path, headers=headers, allow_redirects=False) as answer:
        return answer.status, await answer.text()


# ------------------------------------------------------------------------- server and its door


async def test_healthz_says_how_things_are(http: aiohttp.ClientSession) -> None:
    async with http.get("/healthz") as answer:
        assert answer.status == 200
        assert await answer.json() == {"ok": True, "database": "sqlite"}


async def test_healthz_is_503_when_something_is_wrong() -> None:
    async def ill() -> dict[str, object]:
        return {"ok": False, "database": "locked"}

    server = WebServer("127.0.0.1", 0, health=ill)
    await server.start()
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{server.port}/healthz") as answer,
    ):
        assert answer.status == 503
    await server.stop()


async def test_a_taken_address_is_an_error_at_once(served: tuple[WebServer, Echo]) -> None:
    second = WebServer("127.0.0.1", served[0].port, health=served[0]._health)
    with pytest.raises(OSError, match="in use"):
        await second.start()


@pytest.mark.parametrize("path", ["/", CHAT + "/", "/healthz", "/static/chat.css", "/nowhere"])
async def test_every_answer_forbids_what_pages_do_not_need(
    http: aiohttp.ClientSession, path: str
) -> None:
    async with http.get(path, allow_redirects=False) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
        assert "Server" not in answer.headers


async def test_no_page_has_inline_scripts_or_styles(http: aiohttp.ClientSession) -> None:
    _, page = await read(http, CHAT + "/")
    assert not re.search(r"<style|\sstyle=|<script(?! src=)|\son\w+=", page)


async def test_an_open_door_leads_to_the_chat(http: aiohttp.ClientSession) -> None:
    async with http.get("/", allow_redirects=False) as answer:
        assert answer.status == 302
        assert answer.headers["Location"] == CHAT + "/"


async def test_a_closed_door_does_not_show_the_way(local: Local) -> None:
    async with serving(local, open_door=False) as (server, _), aiohttp.ClientSession() as http:
        status, page = await read(http, f"http://127.0.0.1:{server.port}/")
    assert status == 200
    assert KEY not in page


@pytest.mark.parametrize(
    "path", ["/chat", "/chat/", "/chat/wrong/", "/chat/wrong/owner", CHAT[:-1] + "/", CHAT + "x/"]
)
async def test_without_the_key_there_is_nothing(http: aiohttp.ClientSession, path: str) -> None:
    status, page = await read(http, path)
    assert status == 404
    assert "There is no page at this address." in page


FOREIGN_HEADERS = [
    {"Host": "tocsin.example.org"},
    {"Host": "127.0.0.1.example.org"},
    {"Host": "10.0.0.1"},
    {"Host": "localhost.example.org:8780"},
    {"X-Forwarded-For": "203.0.113.9"},
    {"X-Forwarded-Proto": "https"},
    {"Forwarded": "for=203.0.113.9"},
    {"X-Real-IP": "203.0.113.9"},
    {"Via": "1.1 proxy"},
]


@pytest.mark.parametrize("headers", FOREIGN_HEADERS)
async def test_a_proxy_never_exposes_the_chat(
    http: aiohttp.ClientSession, echo: Echo, headers: dict[str, str]
) -> None:
    status, page = await read(http, CHAT + "/owner", **headers)
    assert status == 403
    assert "opens only on the machine" in page
    async with http.post(CHAT + "/owner/say", data={"text": "/x"}, headers=headers) as answer:
        assert answer.status == 403
    status, page = await read(http, "/", **headers)
    assert KEY not in page
    assert echo.arrived == []


async def test_an_old_proxy_is_known_by_its_protocol(served: tuple[WebServer, Echo]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served[0].port)
    writer.write(f"GET {CHAT}/ HTTP/1.0\r\nHost: 127.0.0.1:8780\r\n\r\n".encode())
    assert b" 403 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8780", "127.0.0.1", "127.1.2.3:1", "[::1]:8780"]
)
async def test_this_machine_has_several_names(http: aiohttp.ClientSession, host: str) -> None:
    assert (await read(http, CHAT + "/", Host=host))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_another_site_cannot_post(
    http: aiohttp.ClientSession, echo: Echo, headers: dict[str, str]
) -> None:
    async with http.post(CHAT + "/owner/say", data={"text": "/x"}, headers=headers) as answer:
        assert answer.status == 403
    assert echo.arrived == []


# ----------------------------------------------------------------------------------- the pages


async def test_the_first_page_shows_everybody(http: aiohttp.ClientSession) -> None:
    status, page = await read(http, CHAT + "/")
    assert status == 200
    for person in PEOPLE:
        assert f'href="{CHAT}/{person.id}"' in page
        assert person.name in page
    assert "<h2>Dana</h2>" in page
    assert "Organiser" in page
    assert "London · English" in page


async def test_what_is_said_appears_with_its_answer(
    http: aiohttp.ClientSession, echo: Echo
) -> None:
    async with http.post(CHAT + "/london/say", data={"text": " /alert "}) as answer:
        page = await answer.text()
        assert answer.url.path == CHAT + "/london"
        assert answer.history[0].headers["Location"] == CHAT + "/london#end"
    assert [(one.address, one.text) for one in echo.arrived] == [("london", "/alert")]
    assert "<h3>Drill: two land-rights activists" in page


async def test_line_breaks_arrive_as_they_were_written(
    http: aiohttp.ClientSession, echo: Echo
) -> None:
    async with http.post(CHAT + "/owner/say", data={"text": "/alert x y\r\nWhat happened\r\n"}):
        pass
    assert echo.arrived[0].text == "/alert x y\nWhat happened"


async def test_what_people_write_is_escaped(http: aiohttp.ClientSession) -> None:
    async with http.post(CHAT + "/london/say", data={"text": NASTY}) as answer:
        page = await answer.text()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


async def test_an_empty_message_is_refused(http: aiohttp.ClientSession, echo: Echo) -> None:
    async with http.post(CHAT + "/london/say", data={"text": " \n "}) as answer:
        assert answer.status == 400
        assert "empty" in await answer.text()
    assert echo.arrived == []


async def test_a_hint_is_sent_like_words(http: aiohttp.ClientSession, echo: Echo) -> None:
    async with http.post(CHAT + "/owner/say", data={"hint": "/alert ", "text": "half a word"}):
        pass
    assert [request.text for request in echo.arrived] == ["/alert"]


async def test_a_script_gets_no_page_back(http: aiohttp.ClientSession) -> None:
    said = {"text": "hello"}
    async with http.post(CHAT + "/london/say", data=said, headers={"X-Script": "yes"}) as answer:
        assert answer.status == 204


async def test_it_says_when_the_bot_does_not_listen(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_platform, "_TAKEN_WITHIN", 0.05)
    server = WebServer(
        "127.0.0.1",
        0,
        health=healthy,
        chat=chat_pages.ChatPages(local, PEOPLE, KEY),
    )
    await server.start()
    url = f"http://127.0.0.1:{server.port}{CHAT}/london/say"
    async with aiohttp.ClientSession() as http, http.post(url, data={"text": "x"}) as answer:
        assert answer.status == 503
        assert "did not take" in await answer.text()
    await server.stop()


async def test_files_are_downloads(http: aiohttp.ClientSession, local: Local) -> None:
    ref = await local.send("london", NOTICE, key="1")
    async with http.get(f"{CHAT}/london/files/{ref}/1") as answer:
        assert await answer.text() == LETTER
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert "%D0%BF" in answer.headers["Content-Disposition"]
    for wrong in (f"london/files/{ref}/2", f"dublin/files/{ref}/0", "london/files/99/0"):
        assert (await read(http, f"{CHAT}/{wrong}"))[0] == 404


async def test_anybody_can_be_added(http: aiohttp.ClientSession, echo: Echo) -> None:
    form = {"name": "  Анна \u202e Б.", "language": "ru"}
    async with http.post(CHAT + "/people", data=form) as answer:
        assert answer.status == 200
        assert "<h2>Анна Б.</h2>" in await answer.text()
        own = answer.url.path
    async with http.post(own + "/say", data={"text": "/start"}):
        pass
    assert echo.arrived[0].language == "ru"
    assert re.fullmatch("guest-[0-9a-f]{8}", echo.arrived[0].address)


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "x" * 41])
async def test_a_person_needs_a_name(http: aiohttp.ClientSession, local: Local, name: str) -> None:
    async with http.post(CHAT + "/people", data={"name": name, "language": "en"}) as answer:
        assert answer.status == 400
    assert len(local.people()) == len(PEOPLE)


async def test_the_pages_speak_russian(http: aiohttp.ClientSession) -> None:
    _, by_browser = await read(http, CHAT + "/", **{"Accept-Language": "kk, ru-RU;q=0.9, en"})
    _, by_address = await read(http, CHAT + "/?lang=ru")
    for page in (by_browser, by_address):
        assert '<html lang="ru">' in page
        assert "Добавить человека" in page
    assert f'href="{CHAT}/london?lang=ru"' in by_address
    assert f'action="{CHAT}/owner/say?lang=ru"' in by_address


# ---------------------------------------------------------------------------------------- news


async def news(
    http: aiohttp.ClientSession, person: str, after: int, dots: str = ""
) -> dict[str, object]:
    asked = {"after": str(after), "dots": dots}
    async with http.get(f"{CHAT}/{person}/news", params=asked) as answer:
        assert answer.status == 200
        return dict(await answer.json())


async def test_news_wait_for_a_change(http: aiohttp.ClientSession, local: Local) -> None:
    waiting = asyncio.create_task(news(http, "london", 0))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await local.send("london", NOTICE, key="1")
    told = await asyncio.wait_for(waiting, 2)
    [line], _ = await local.lines("london")
    assert told["after"] == line.version
    assert "Drill: two land-rights activists" in str(told["lines"])


async def test_news_hold_edits_and_what_was_taken_back(
    http: aiohttp.ClientSession, local: Local
) -> None:
    kept = await local.send("london", NOTICE, key="0")
    first = await local.send("london", progress(1), key="1")
    second = await local.send("london", progress(2), key="2")
    lines, _ = await local.lines("london")
    await local.edit("london", first, progress(299), key="3")
    await local.retract("london", second)
    told = await news(http, "london", lines[-1].version)
    changed = told["lines"]
    assert isinstance(changed, list)
    assert [one["id"] for one in changed] == [f"m{first}", f"m{second}"]
    assert "299 / 300" in changed[0]["html"]
    assert changed[1]["html"] == ""
    assert f"m{kept}" not in str(changed)


async def test_a_message_to_somebody_else_is_a_dot_until_it_was_shown(
    http: aiohttp.ClientSession, local: Local
) -> None:
    await asyncio.sleep(0.01)
    await local.send("dublin", NOTICE, key="1")
    told = await news(http, "london", 0)
    assert told == {"after": 0, "whole": True, "dots": "dublin", "lines": []}
    assert 'class="unread"' in (await read(http, CHAT + "/london"))[1]
    await read(http, CHAT + "/dublin")
    assert 'class="unread"' not in (await read(http, CHAT + "/london"))[1]


async def test_news_come_back_empty_after_a_while(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_pages, "_POLL_SECONDS", 0.1)
    told = await asyncio.wait_for(news(http, "london", 0), 2)
    assert told["lines"] == []


async def test_stopping_does_not_wait_for_who_polls(local: Local) -> None:
    async with (
        serving(local) as (server, _),
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as http,
    ):
        waiting = asyncio.create_task(news(http, "london", 0))
        await asyncio.sleep(0.2)
        await asyncio.wait_for(server.stop(), 3)
        assert (await waiting)["lines"] == []
