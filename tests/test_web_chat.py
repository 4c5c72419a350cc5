from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, expect

from bot.platforms.local import Local
from bot.web.server import WebServer
from handlers.message import Message, paragraph
from storage.database import Database
from storage.schema import upgrade
from storage.vault import Vault
from tests.fakes.browser import DESK, PHONE, chromium, window
from tests.fakes.echo import KEY, LETTER, NOTICE, WELCOME, Echo, progress, serving

# How much darker one colour is than the one it is seen on, for every visible text of a page
# (WCAG 2.2, "contrast ratio"; large text is 24 px, or bold from 18.66 px).
WEAK_TEXTS = """() => {
  const parse = (css) => css.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(at).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
  };
  const weak = [];
  for (const element of document.querySelectorAll("body *")) {
    const says = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!says || !element.checkVisibility() || element.matches(".unseen")) continue;
    const style = getComputedStyle(element);
    const pair = [light(parse(style.color)), light(ground(element))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if (ratio < needed) weak.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return weak;
}"""


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
def home(served: tuple[WebServer, Echo]) -> str:
    return f"http://127.0.0.1:{served[0].port}/chat/{KEY}"


@pytest.fixture
def echo(served: tuple[WebServer, Echo]) -> Echo:
    return served[1]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def write(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.keyboard.press("Enter")


async def test_a_conversation_without_reloading(browser: Browser, home: str, echo: Echo) -> None:
    async with window(browser) as page:
        await page.goto(home + "/")
        await page.get_by_role("link", name="Emma").click()
        await page.wait_for_url("**/london")  # until then it is another's box that is filled
        await write(page, "/start")
        await expect(page.locator(".theirs .bubble")).to_have_text("/start")
        await page.get_by_role("button", name="Ireland").click()
        await expect(page.locator(".ours .bubble")).to_have_text("Noted: tok-ie")
        await expect(page.get_by_role("textbox", name="Message")).to_have_value("")
    assert [(one.address, one.text or one.button) for one in echo.arrived] == [
        ("london", "/start"),
        ("london", "tok-ie"),
    ]


async def test_shift_enter_writes_a_second_line(browser: Browser, home: str, echo: Echo) -> None:
    async with window(browser) as page:
        await page.goto(home + "/owner")
        await page.get_by_role("button", name="/alert").click()
        await page.keyboard.type("bokayev-ayan Trial")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("On Wednesday.")
        await page.keyboard.press("Enter")
        await expect(page.locator(".theirs")).to_have_count(1)
    assert [one.text for one in echo.arrived] == ["/alert bokayev-ayan Trial\nOn Wednesday."]


async def test_edits_and_retractions_show_at_once(
    browser: Browser, home: str, local: Local
) -> None:
    ref = await local.send("owner", progress(10), key="1")
    async with window(browser) as page:
        await page.goto(home + "/owner")
        await expect(page.locator(".progress span")).to_have_text("10 / 300")
        await local.edit("owner", ref, progress(299), key="2")
        await expect(page.locator(".progress span")).to_have_text("299 / 300")
        await expect(page.locator(".line")).to_have_count(1)
        await local.retract("owner", ref)
        await expect(page.locator(".line")).to_have_count(0)
        await expect(page.get_by_text("Nothing has been said here yet")).to_be_visible()


async def test_a_notice_elsewhere_lights_a_dot(browser: Browser, home: str, local: Local) -> None:
    async with window(browser) as page:
        await page.goto(home + "/owner")
        aoife = page.get_by_role("link", name="Aoife")
        await expect(aoife.locator(".dot")).to_be_hidden()
        await local.send("dublin", NOTICE, key="1")
        await expect(aoife.locator(".dot")).to_be_visible()
        await aoife.click()
        await expect(
            page.get_by_role("heading", name="Drill: two land-rights")
        ).to_be_in_viewport()
        await expect(page.get_by_role("link", name="Aoife").locator(".dot")).to_be_hidden()


async def test_a_forgotten_chat_is_emptied_on_the_page(
    browser: Browser, home: str, local: Local
) -> None:
    async with window(browser) as page:
        await page.goto(home + "/london")
        await write(page, "/forget")
        await expect(page.locator(".line")).to_have_count(2)
        await local.send("london", Message((paragraph("All gone."),), erase=True), key="2")
        await expect(page.locator(".line .bubble")).to_have_text(["All gone."])


async def test_letter_and_address_are_copied(browser: Browser, home: str, local: Local) -> None:
    await local.send("london", NOTICE, key="1")
    async with window(browser) as page:
        await page.goto(home + "/london")
        await page.get_by_role("button", name="Copy", exact=True).click()
        assert await page.evaluate("navigator.clipboard.readText()") == LETTER
        await expect(page.get_by_role("status").first).to_have_text("Copied")
        await page.get_by_role("button", name="Copy the address").click()
        assert await page.evaluate("navigator.clipboard.readText()") == "london@example.org"


async def test_files_are_saved_under_their_names(
    browser: Browser, home: str, local: Local
) -> None:
    await local.send("london", NOTICE, key="1")
    async with window(browser) as page:
        await page.goto(home + "/london")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="письмо.txt").click()
        saved = await download.value
        assert saved.suggested_filename == "письмо.txt"
        assert Path(await saved.path()).read_text("utf-8") == LETTER


async def test_everything_works_without_scripts(
    browser: Browser, home: str, echo: Echo, local: Local
) -> None:
    async with window(browser, scripts=False) as page:
        await page.goto(home + "/london")
        await page.get_by_role("textbox", name="Message").fill("/start")
        await page.get_by_role("button", name="Send").click()
        await page.get_by_role("button", name="United Kingdom").click()
        await expect(page.locator(".ours .bubble")).to_have_text("Noted: tok-gb")
        await page.get_by_role("button", name="/help").click()
        await expect(page.get_by_text("You said: /help")).to_be_visible()
        await page.get_by_text("Add a person").click()
        await page.get_by_role("textbox", name="Name").fill("Inês")
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(page.get_by_role("heading", name="Inês")).to_be_visible()
        await local.send("london", NOTICE, key="1")
        await page.get_by_role("link", name="Emma").click()
        await expect(page.get_by_role("button", name="Copy", exact=True)).to_be_hidden()
        await expect(page.get_by_text("Copy the address: london@example.org")).to_be_visible()
        await expect(page.get_by_text("the page reloads every 15 seconds")).to_be_visible()
    assert [one.text or one.button for one in echo.arrived] == ["/start", "tok-gb", "/help"]


async def test_keys_are_enough(browser: Browser, home: str, echo: Echo) -> None:
    async with window(browser) as page:
        await page.goto(home + "/london")
        await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
        await write(page, "/start")
        ireland = page.get_by_role("button", name="Ireland")
        await expect(ireland).to_be_visible()
        await go_to(page, ireland)
        outline = await ireland.evaluate("(it) => getComputedStyle(it).outlineWidth")
        assert outline == "3px"
        await page.keyboard.press("Enter")
        await expect(page.locator(".ours .bubble")).to_have_text("Noted: tok-ie")
        await expect(page.locator(".ours .bubble")).to_be_focused()
        dublin = page.get_by_role("link", name="Aoife")
        await go_to(page, dublin)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Aoife")).to_be_visible()
    assert echo.arrived[-1].button == "tok-ie"


async def go_to(page: Page, target: object) -> None:
    """Press Shift+Tab until the target has the focus."""
    for _ in range(40):
        await page.keyboard.press("Shift+Tab")
        if await target.evaluate("(it) => it === document.activeElement"):  # type: ignore[attr-defined]
            return
    raise AssertionError("never reached with the keyboard")


async def test_a_lost_connection_is_said_and_found_again(
    browser: Browser, home: str, local: Local
) -> None:
    async with window(browser, complaint="503") as page:
        await page.goto(home + "/london")
        lost = page.get_by_text("No connection to Tocsin")
        await page.route("**/news*", lambda route: route.fulfill(status=503))
        await local.send("dublin", NOTICE, key="0")  # ends the waiting request
        await expect(lost).to_be_visible()
        await page.unroute("**/news*")
        await local.send("london", NOTICE, key="1")
        await expect(page.locator(".line")).to_have_count(1)
        await expect(lost).to_be_hidden()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE, (360, 640)], ids=["desk", "phone", "small"])
async def test_it_can_be_read_everywhere(
    served: tuple[WebServer, Echo],
    browser: Browser,
    size: tuple[int, int],
    colours: Literal["light", "dark"],
) -> None:
    local = served[1].local
    await local.send("dublin", NOTICE, key="0")
    await local.send("owner", NOTICE, key="1")
    await local.send("owner", progress(120), key="2")
    async with window(browser, size, colours=colours) as page:
        await page.goto(f"http://127.0.0.1:{served[0].port}/chat/{KEY}/owner")
        await page.get_by_text("Add a person").click()
        assert await page.evaluate(WEAK_TEXTS) == []
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(wide) == 0
        await page.get_by_text("Add a person").click()
        await expect(page.get_by_role("textbox", name="Message")).to_be_in_viewport(ratio=1)
        await page.get_by_role("link", name="Aoife").click()
        await expect(page.get_by_role("heading", name="Drill: two")).to_be_in_viewport(ratio=1)


async def test_an_answer_is_in_view_and_stays_so_when_it_grows(
    browser: Browser, home: str, local: Local
) -> None:
    for key in "12":
        await local.send("owner", NOTICE, key=key)
    async with window(browser, (1280, 400)) as page:
        await page.goto(home + "/owner")
        await write(page, "/stats")
        last = page.locator(".line").last
        await expect(last.locator(".progress")).to_be_in_viewport(ratio=1)
        grown = replace(progress(300), buttons=WELCOME.buttons)
        await local.edit("owner", "4", grown, key="4")
        await expect(last.get_by_role("button", name="Another")).to_be_in_viewport(ratio=1)


async def test_who_reads_above_is_left_there_unless_they_pressed_something(
    browser: Browser, home: str, local: Local
) -> None:
    for key, message in enumerate((WELCOME, NOTICE, NOTICE)):
        await local.send("owner", message, key=str(key))
    async with window(browser, (1280, 400)) as page:
        await page.goto(home + "/owner")
        await page.get_by_role("log").evaluate("(it) => { it.scrollTop = 0; }")
        await local.send("owner", progress(1), key="4")
        await expect(page.locator(".line")).to_have_count(4)
        await expect(page.locator(".progress")).not_to_be_in_viewport()
        await page.get_by_role("button", name="Another country").click()
        await expect(page.get_by_text("Noted: tok-other")).to_be_in_viewport(ratio=1)


async def test_what_is_new_is_read_aloud_and_nothing_moves_by_itself(
    browser: Browser, home: str
) -> None:
    async with window(browser) as page:
        await page.goto(home + "/london")
        log = page.get_by_role("log")
        assert await log.evaluate("(it) => getComputedStyle(it).scrollBehavior") == "auto"
        assert await log.get_attribute("aria-live") == "polite"
