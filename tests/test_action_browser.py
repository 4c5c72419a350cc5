"""The action page in a real browser: on a phone, on a desk, on paper, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, expect

from handlers.mailto import LONGEST
from storage.database import Database
from tests.fakes.browser import DESK, PHONE, chromium, window
from tests.pages import Published, published
from tests.test_web_chat import WEAK_TEXTS

OWN = "As a nurse from Leeds, I know what untreated hepatitis does & costs."
WIDER_THAN_WINDOW = "() => document.documentElement.scrollWidth > innerWidth"


@pytest.fixture
async def shown(sqlite_database: Database) -> AsyncIterator[Published]:
    async with published(sqlite_database) as shown:
        yield shown


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def test_it_reads_well_everywhere(shown: Published, browser: Browser) -> None:
    for size, colours, asked in (
        (PHONE, "light", "?country=GB&lang=en"),
        (PHONE, "dark", "?country=KZ&lang=ru"),
        (DESK, "light", "?lang=ru"),
        (PHONE, "light", "/letter?to=prosecutor-general-2016&fax=1"),
    ):
        async with window(browser, size, colours=colours) as page:  # type: ignore[arg-type]
            await page.goto(shown.url + asked)
            assert await page.evaluate(WEAK_TEXTS) == []
            assert not await page.evaluate(WIDER_THAN_WINDOW)


async def test_a_line_of_ones_own_goes_into_the_letter_and_nowhere_else(
    shown: Published, browser: Browser
) -> None:
    async with window(browser, PHONE) as page:
        await page.goto(f"{shown.url}?country=GB&lang=en")
        requested: list[str] = []
        page.on("request", lambda request: requested.append(request.url))

        await page.get_by_label("A line of your own").fill(OWN)

        await expect(page.locator("#text")).to_contain_text(f"Dear Ambassador,\n\n{OWN}\n\nI am")
        main = page.get_by_role("link", name="Write the e-mail to Embassy of Kazakhstan in London")
        fields = parse_qs(urlsplit(await main.get_attribute("href") or "").query)
        assert fields["body"][0].startswith(f"Dear Ambassador,\r\n\r\n{OWN}\r\n\r\nI ")
        await page.get_by_role("button", name="Copy: The letter").click()
        assert OWN in await page.evaluate("navigator.clipboard.readText()")
        assert [url for url in requested if not url.endswith("bell.svg")] == []
        await page.get_by_role("link", name="Letter to Embassy of Kazakhstan in London").click()
        await expect(page.locator("#text")).to_contain_text(OWN)
        assert not any("nurse" in url.partition("#")[0] for url in requested)
        assert await page.evaluate("document.cookie + localStorage.length") == "0"


async def test_with_a_line_too_long_for_mail_programs_it_says_to_copy(
    shown: Published, browser: Browser
) -> None:
    async with window(browser, PHONE) as page:
        await page.goto(f"{shown.url}?country=GB&lang=en")
        main = page.get_by_role("link", name="Write the e-mail to Embassy of Kazakhstan in London")
        line = page.get_by_label("A line of your own")

        await line.fill("я пишу " * 42)
        await expect(page.locator("#own-long")).to_contain_text("copy the letter from below")
        href = await main.get_attribute("href") or ""
        assert len(href) <= LONGEST
        assert "body=" not in href
        assert parse_qs(urlsplit(href).query)["subject"]

        await line.fill("I am a nurse.")
        await expect(page.locator("#own-long")).to_be_empty()
        assert "body=" in (await main.get_attribute("href") or "")


async def test_it_works_without_scripts_and_by_keyboard(
    shown: Published, browser: Browser
) -> None:
    async with window(browser, PHONE, scripts=False) as page:
        await page.goto(f"{shown.url}?lang=en")
        await page.get_by_label("Your country").focus()
        await page.get_by_label("Your country").select_option("IE")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("It answers for Ireland too")).to_be_visible()
        assert await page.get_by_role("button").count() == 1  # what needs a script is not offered
        await page.keyboard.press("Tab")  # the chooser
        await page.keyboard.press("Tab")  # its button
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert (await focused.get_attribute("href") or "").startswith("mailto:london@mfa.kz?")
        await page.get_by_role("link", name="русский").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Завтра"))


async def test_on_paper_it_is_one_letter_and_one_envelope(
    shown: Published, browser: Browser
) -> None:
    async with window(browser, DESK) as page:
        for asked, sheets in (
            ("to=embassy&country=GB", ["594.95996 841.91998", "624 312"]),
            ("to=president", ["594.95996 841.91998", "624 312"]),
            ("to=human-rights-commissioner&fax=1", ["594.95996 841.91998"]),
        ):
            await page.goto(f"{shown.url}/letter?{asked}")
            printed = await page.pdf(prefer_css_page_size=True)
            found = re.findall(rb"/MediaBox \[0 0 ([\d.]+ [\d.]+)\]", printed)
            assert [size.decode() for size in found] == sheets, asked
