"""The demo's story, looked at in a real Chromium."""

from __future__ import annotations

import tempfile
from io import StringIO
from pathlib import Path

from playwright.async_api import Browser
from rich.console import Console

from bot.demo import Story, running, trial, usual_port
from tests.fakes.browser import DESK, PHONE, chromium, screenshot, window

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"


async def take() -> None:
    """Play the story, then photograph three people's screens."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(trial(Path(folder), port=usual_port())) as app:
            await Story(app, Console(file=StringIO())).play()
            async with chromium() as browser:
                english = (browser, f"{app.chat_url}london", "Trial opens tomorrow", DESK)
                await _take(*english, "notice.png")
                russian = (browser, f"{app.chat_url}brussels?lang=ru", "Завтра в Атырау", PHONE)
                await _take(*russian, "notice-phone.png")
                preview = (browser, f"{app.chat_url}owner", "Preview of alert", DESK)
                await _take(*preview, "preview.png")
                await _take_action_page(browser, f"{app.chat_url}london")


async def _take(browser: Browser, url: str, words: str, size: tuple[int, int], name: str) -> None:
    """The page at `url`, from the first message with these words on."""
    async with window(browser, size) as page:
        await page.goto(url)
        message = page.locator(".ours", has_text=words).first
        await message.evaluate("it => (it.parentElement.scrollTop = it.offsetTop - 16)")
        await screenshot(page, FOLDER / name)


async def _take_action_page(browser: Browser, chat: str) -> None:
    """The page that the notice's button leads to."""
    async with window(browser, PHONE) as page:
        await page.goto(chat)
        button = page.get_by_role("link", name="Open, send or print the letter").first
        await page.goto(await button.get_attribute("href") or "")
        await screenshot(page, FOLDER / "action-page.png")
