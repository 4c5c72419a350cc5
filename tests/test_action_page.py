"""The action page: what it shows, when it asks for nothing more, and that it keeps nothing."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import CookieJar
from sqlalchemy import Select, select

from bot.app import is_at_home
from bot.platforms.local import Local
from bot.web import action
from bot.web.action import ActionPages
from bot.web.chat import ChatPages
from bot.web.server import WebServer
from handlers.action_page import LASTS_DAYS
from handlers.campaign import Campaign
from handlers.i18n import languages
from storage.database import Database
from storage.models import Alert, AlertState
from tests.fakes.echo import KEY as SECRET
from tests.fakes.echo import PEOPLE, healthy
from tests.pages import ALERT, PUBLIC, Published, published
from tests.people import sample

HEAVIEST = 50_000  # bytes of a page with all it loads, before compression


@pytest.fixture
async def shown(sqlite_database: Database) -> AsyncIterator[Published]:
    async with published(sqlite_database) as shown:
        yield shown


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Accept-Language": "en"}) as session:
        yield session


async def _read(
    http: aiohttp.ClientSession, url: str, status: int = 200, headers: dict[str, str] | None = None
) -> str:
    async with http.get(url, headers=headers) as answer:
        assert answer.status == status
        return await answer.text()


# ------------------------------------------------------------------------------ what it shows


async def test_it_shows_the_readers_embassy_and_a_letter_that_opens(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    page = await _read(http, f"{shown.url}?country=GB&lang=en")

    assert "<h1>Trial opens tomorrow in Atyrau</h1>" in page
    assert "Embassy of Kazakhstan in London" in page
    mails = [unescape(url) for url in re.findall('href="(mailto:[^"]+)"', page)]
    fields = parse_qs(urlsplit(mails[0]).query)
    assert fields["body"][0].startswith("Dear Ambassador,")
    assert "[your name]" in fields["body"][0]
    assert 'href="tel:+442079251757"' in page
    assert "Kalmukhanbet Kassymov" in page
    assert '<option value="GB" selected>' in page


async def test_the_button_of_a_notice_leads_to_what_the_notice_says(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    url = shown.reader.button("Open, send or print").url
    page = await _read(http, shown.base + url.removeprefix(PUBLIC))
    [letter] = [it.text for it in shown.reader.heard[-1].blocks if it.kind == "copyable"]

    text = re.sub("<[^>]+>", "", re.search('<pre[^>]*id="text".*?</pre>', page, re.DOTALL)[0])  # type: ignore[index]
    assert unescape(text) == letter


async def test_without_a_country_it_asks_and_names_whom_to_write_to_meanwhile(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    for asked in ("", "?country=", "?country=XX", "?country=%3Cb%3E&v=-1&lang=zz"):
        page = await _read(http, shown.url + asked)
        assert "Choose your country to see the embassy of Kazakhstan there" in page
        assert "mission@kazakhstan-geneva.ch" in page
        assert "<b>" not in page


async def test_where_there_is_no_embassy_and_where_it_is_dangerous_it_says_so(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    nairobi = await _read(http, f"{shown.url}?country=KE")
    assert "No embassy or consulate of Kazakhstan is known that answers for Kenya" in nairobi
    vienna = await _read(http, f"{shown.url}?country=AT")
    assert "No way to write to this mission is known: Embassy of Kazakhstan in Vienna" in vienna


async def test_whoever_lives_there_gets_the_facts_and_nothing_to_act_with(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    page = await _read(http, f"{shown.url}?country=KZ")

    assert "Whoever lives in Kazakhstan gets no letter and no address here" in page
    assert "Charges" in page
    for call in ("mailto:", "tel:", "@", "What to do", "It was announced only now", "/letter"):
        assert call not in page, call
    for more in ("letter", "letter.eml", "letter.txt", "fax.pdf"):
        await _read(http, f"{shown.url}/{more}?country=KZ&to=president", 404)


async def test_it_speaks_the_browsers_language_or_the_chosen_one(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    by_browser = await _read(http, shown.url, headers={"Accept-Language": "ru-RU,en;q=0.5"})
    chosen = await _read(http, f"{shown.url}?lang=ru&country=BE")
    for page in (by_browser, chosen):
        assert '<html lang="ru">' in page
        assert "Завтра в Атырау начинается суд" in page
    assert "Уважаемый господин Посол!" in chosen
    assert 'lang="en" hreflang="en"' in chosen


async def test_a_letter_on_paper_has_its_envelope_and_a_fax_its_head(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    paper = await _read(http, f"{shown.url}/letter?to=embassy&country=GB")
    assert "125 Pall Mall" in paper
    assert 'class="sheet envelope"' in paper
    fax = await _read(http, f"{shown.url}/letter?to=prosecutor-general-2016&fax=1")
    assert "+7 7172 50 64 02" in fax
    assert "Номер факса" in fax  # the sheet is in the addressee's language
    assert "Print this page" in fax  # the advice in the reader's
    assert "envelope" not in fax
    assert 'href="fax.pdf?lang=en&amp;to=prosecutor-general-2016"' in fax
    async with http.get(f"{shown.url}/fax.pdf?to=prosecutor-general-2016") as answer:
        assert answer.content_type == "application/pdf"
        assert (await answer.read()).startswith(b"%PDF-")
    await _read(http, f"{shown.url}/fax.pdf?to=interior-minister", 404)  # has no fax
    for wrong in ("?to=nobody", "", "?to=embassy"):  # no country: no embassy
        await _read(http, f"{shown.url}/letter{wrong}", 404)


async def test_the_letter_comes_as_a_draft_and_as_text(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{shown.url}/letter.eml?to=embassy&country=GB") as answer:
        assert "X-Unsent: 1" in await answer.text()
        assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "Dear Ambassador" in await _read(http, f"{shown.url}/letter.txt?to=embassy&country=GB")


async def test_there_is_no_draft_for_whom_no_mailbox_is_known(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    asked = "to=prosecutor-general-2016&country=GB"  # has a fax only
    await _read(http, f"{shown.url}/letter.eml?{asked}", 404)
    assert "+77172506402" in await _read(http, f"{shown.url}/letter.txt?{asked}")


async def test_without_a_letter_it_promises_none(
    sqlite_database: Database, http: aiohttp.ClientSession
) -> None:
    async with published(sqlite_database, _with(letter=None)) as shown:
        page = await _read(http, f"{shown.url}?country=GB")
        assert 'href="mailto:london@mfa.kz"' in page
        assert "with the letter in it" not in page
        assert "/letter?" not in page


async def test_a_link_to_it_previews_as_the_headline(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    page = await _read(http, f"{shown.url}?country=GB&lang=en&v=3")

    assert '<meta property="og:title" content="Trial opens tomorrow in Atyrau">' in page
    assert f'<meta property="og:url" content="{PUBLIC}{shown.path}">' in page
    assert "Max Bokayev and Talgat Ayan · Kazakhstan. Send the letter" in page


async def test_what_organisers_write_is_escaped(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    await shown.alert("/alert bokayev-ayan <script>alert(1)</script>\"'\n<img src=x onerror=y>")

    page = await _read(http, f"{shown.url}?country=GB")

    assert "<script>alert" not in page
    assert "<img" not in page


# ------------------------------------------------------------------------ when it is over


async def test_a_corrected_alert_keeps_its_page_on_both_databases(
    database: Database, http: aiohttp.ClientSession
) -> None:
    async with published(database) as shown:
        await shown.owner.says("/correct 1 The hearing is on Thursday\nNot on Wednesday.")
        await shown.owner.presses("Send")

        page = await _read(http, f"{shown.url}?country=GB")

        assert "The hearing is on Thursday" in page
        assert "Trial opens" not in page


async def test_a_withdrawn_alert_asks_nobody_to_write_and_says_why(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    await shown.owner.says("/retract 1 The family asked us to stop")

    for url in (f"{shown.url}?country=GB", f"{shown.url}/letter?to=president"):
        page = await _read(http, url, 410)
        assert "Please do not write any more" in page
        assert "Why: The family asked us to stop" in page
        assert "mailto:" not in page
        assert "Kassymov" not in page


async def test_a_closed_case_asks_nobody_to_write(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    others = [case for case in sample().cases if case.id != "bokayev-ayan"]
    await shown.world.knows(sample().model_copy(update={"cases": others}))

    assert "This case is closed.</p>" in await _read(http, shown.url, 410)


async def test_a_case_closed_in_the_chat_says_how_it_ended_until_it_is_reopened(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    await shown.owner.says("/close bokayev-ayan freed")
    assert "This case is closed. Released.</p>" in await _read(http, shown.url, 410)

    await shown.owner.says("/reopen bokayev-ayan")
    assert "mailto:" in await _read(http, f"{shown.url}?country=GB")


async def test_old_alerts_ask_nobody_to_write(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    shown.world.now += LASTS_DAYS * 86400
    await _read(http, shown.url)
    shown.world.now += 86400
    assert "Nobody has confirmed since then" in await _read(http, shown.url, 410)
    assert "Больше не пишите".lower() in (await _read(http, f"{shown.url}?lang=ru", 410)).lower()


async def test_after_its_deadline_nobody_should_write(
    sqlite_database: Database, http: aiohttp.ClientSession
) -> None:
    async with published(sqlite_database, _with(deadline="2026-09-23")) as shown:
        assert "by 23 September 2026" in await _read(http, shown.url)
        shown.world.now += 3 * 86400
        assert "Letters helped until 23 September 2026" in await _read(http, shown.url, 410)


def _with(**changes: object) -> Campaign:
    """The sample, where the case differs in this."""
    cases = [
        case.model_copy(update=changes) if case.id == "bokayev-ayan" else case
        for case in sample().cases
    ]
    return sample().model_copy(update={"cases": cases})


# ------------------------------------------------------------------------------ what it keeps


async def test_its_address_cannot_be_guessed_and_drafts_have_none(
    shown: Published, http: aiohttp.ClientSession
) -> None:
    assert re.fullmatch("/a/[0-9a-f]{24}", shown.path)
    first = shown.path
    await shown.alert(ALERT.replace("Trial", "The trial"))
    assert shown.path != first
    await _read(http, shown.base + first)
    await shown.owner.says(ALERT)  # a draft
    async with shown.world.database.read() as session:
        [page] = await session.scalars(_pages_of_drafts())
    await _read(http, f"{shown.base}/a/{page}", 404)
    for wrong in ("/a/", "/a/1", "/a/" + "0" * 24, "/a/" + "G" * 24, first + "/"):
        await _read(http, shown.base + wrong, 404)


def _pages_of_drafts() -> Select[str | None]:

    return select(Alert.page).where(Alert.state == AlertState.DRAFT)


async def test_nothing_about_a_visitor_is_kept_or_passed_on(
    shown: Published, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for name in ("aiohttp", "bot", "handlers", "storage"):
        caplog.set_level(logging.DEBUG, name)
    paths = [
        "?country=GB&lang=ru&v=2", "/letter?to=president&lang=ru", "/letter.eml?to=president",
        "/nowhere", "/../action.css", "/../action.js", "/../bell.svg",
    ]  # fmt: skip
    jar = CookieJar(unsafe=True)
    visitor = {"User-Agent": "Visitor/1.0", "X-Forwarded-For": "203.0.113.9"}
    async with aiohttp.ClientSession(cookie_jar=jar, headers=visitor) as http:
        for path in paths:
            async with http.get(shown.url + path) as answer:
                await answer.read()
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["Cache-Control"] == "no-store"
                assert "Server" not in answer.headers
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert "http" not in policy
                if answer.status == 200 and answer.content_type == "text/html":
                    assert "connect-src" not in policy  # so default-src forbids it
    assert list(jar) == []
    kept = " ".join(record.getMessage() for record in caplog.records)
    secret = shown.path.removeprefix("/a/")
    for trace in (secret, "203.0.113.9", "Visitor/1.0", "country=GB", "127.0.0.1"):
        assert trace not in kept
    assert not any(record.name == "aiohttp.access" for record in caplog.records)


async def test_what_goes_wrong_names_no_visitor_either(
    shown: Published,
    http: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)

    def broken(*_: object) -> None:
        raise ValueError("CANARY-OF-WHAT-WAS-ASKED")

    monkeypatch.setattr(action, "find_action", broken)
    said = await _read(http, f"{shown.url}?country=GB", 500)
    assert "cannot be shown right now" in said
    host, _, port = shown.base.rpartition("//")[2].partition(":")
    for torn in (b"GET /a/CANARY-OF-WHAT-WAS-ASKED\r\n\r\n", b"\x16\x03 CANARY-OF-WHAT\r\n\r\n"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(torn)
        await reader.read()
        writer.close()

    kept = [record.getMessage() + str(record.exc_info or "") for record in caplog.records]
    assert any("a page could not be made (ValueError in" in line for line in kept)
    assert not [line for line in kept if "CANARY" in line or "127.0.0.1" in line]


@pytest.mark.parametrize("language", languages())
async def test_it_loads_nothing_from_elsewhere_and_is_light(
    shown: Published, http: aiohttp.ClientSession, language: str
) -> None:
    page = await _read(http, f"{shown.url}?country=KE&lang={language}")  # the longest

    loaded = re.findall(r'(?:src|<link[^>]+href)="([^"]+)"', page)
    assert sorted(loaded) == ["action.css", "action.js", "bell.svg"]
    assert not re.search(r"<style|\sstyle=|<script(?! src=)|\son\w+=|<iframe|<img", page)
    weight = len(page.encode())
    for file in loaded:
        weight += len((await _read(http, f"{shown.base}/a/{file}")).encode())
    assert weight < HEAVIEST, weight


@pytest.mark.parametrize(
    "through",
    [
        {"Host": "act.example.org", "X-Forwarded-For": "203.0.113.9"},
        {"Host": "act.example.org"},
        {},  # a proxy that looks like somebody on this machine
    ],
)
async def test_it_is_there_through_a_proxy_while_the_chat_is_not(
    shown: Published, http: aiohttp.ClientSession, through: dict[str, str]
) -> None:
    database = shown.world.database
    async with Local(database) as local:
        chat = ChatPages(local, PEOPLE, SECRET, open_door=is_at_home(PUBLIC))
        pages = ActionPages(database, shown.world.clock)
        server = WebServer("127.0.0.1", 0, health=healthy, chat=chat, action=pages)
        await server.start()
        base = f"http://127.0.0.1:{server.port}"
        assert "Trial opens" in await _read(http, base + shown.path, headers=through)
        assert SECRET not in await _read(http, base + "/", headers=through)
        if through:
            await _read(http, f"{base}/chat/{SECRET}/", 403, headers=through)
        await server.stop()


def test_the_door_to_the_chat_is_open_only_where_no_page_goes_out() -> None:
    assert is_at_home("")
    assert is_at_home("http://127.0.0.1:8780")
    assert not is_at_home(PUBLIC)
