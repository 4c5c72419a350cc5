"""How large letters and pages are, and how soon a page shows: `python -m benchmarks.letters`.

The demo's alert, as a reader in London gets it in each language. A page is compared with an empty
one, opened in the same browser in the same run; needs Chromium.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path
from statistics import median

import aiohttp
from playwright.async_api import Browser, async_playwright
from rich.console import Console
from sqlalchemy import select

from bot.demo import Story, running, trial, usual_port
from bot.platforms.matrix import content
from bot.render import telegram
from bot.render.split import split_message
from handlers.alert_notice import AlertNotice, read_payload
from handlers.alert_payload import AlertPayload
from handlers.i18n import Translator, languages
from handlers.letter import mail
from handlers.mailto import mailto
from storage.models import Alert
from storage.outbox import Reader

_EMPTY = "data:text/html,<!doctype html><title>empty</title><p>empty"
_OPENED = 7  # times each page is opened
_PAINTED = """() => new Promise(done => new PerformanceObserver(list => {
  const paint = list.getEntriesByName('first-contentful-paint')[0];
  if (paint) done(paint.startTime);
}).observe({type: 'paint', buffered: true}))"""


async def main() -> None:
    """Play the demo, then measure what it has sent."""
    with tempfile.TemporaryDirectory() as folder:
        config = trial(Path(folder), port=usual_port())
        async with running(config) as app:
            await Story(app, Console(file=StringIO())).play()
            async with app.storage.database.read() as session:
                alert = (await session.scalars(select(Alert))).one()
            payload = read_payload(alert.payload)
            for language in languages():
                _say_letter(payload, language)
            await _say_pages(f"{config.web.public_url}/a/{payload.page.rpartition('/')[2]}")


def _say_letter(payload: AlertPayload, language: str) -> None:
    reader = Reader(language=language, country="GB")
    notice = AlertNotice(payload, reader, Translator(language))
    letter = notice.letter
    draft = mail(letter, Translator(language)) if letter else None
    if letter is None or draft is None:
        return
    how = "all of it" if draft.body == letter.text else f"a letter of {len(draft.body):,}"
    whole = len(mailto(replace(draft, body=letter.text)))
    parts = [telegram.render(it) for it in split_message(notice.message(), telegram.fits)]
    units = [len(it.text.encode("utf-16-le")) // 2 for it in parts]
    events = [
        json.dumps(content.text(it, private=True), ensure_ascii=False).encode()
        for it in split_message(notice.message(), content.fits)
    ]
    print(f"{language}: a letter of {len(letter.text):,} characters, {whole:,} as mailto:")
    print(f"    A mail program opens with {how}, in an address of {len(mailto(draft)):,}")
    print(f"    Telegram: {' + '.join(f'{it:,}' for it in units)} units of 4,096 a message")
    print(f"    Matrix: {' + '.join(f'{len(it):,}' for it in events)} bytes of 65,536 an event")


async def _say_pages(url: str) -> None:
    async with aiohttp.ClientSession() as http, _chromium() as browser:
        empty = await _first_paint(browser, _EMPTY)
        for asked in ("country=GB&lang=en", "country=GB&lang=ru", "country=KE&lang=ru"):
            async with http.get(f"{url}?{asked}") as answer:
                page = await answer.read()
            paint = await _first_paint(browser, f"{url}?{asked}")
            print(
                f"{asked}: {len(page):,} bytes, {len(gzip.compress(page)):,} compressed; first "
                f"paint {paint:.0f} ms, {paint / empty:.1f} of an empty page's {empty:.0f}"
            )


@asynccontextmanager
async def _chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--headless=new", "--no-sandbox"]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def _first_paint(browser: Browser, url: str) -> float:
    """Milliseconds until something is to be read, in the middle of several openings."""
    found = []
    for _ in range(_OPENED):
        context = await browser.new_context(viewport={"width": 390, "height": 844})
        page = await context.new_page()
        await page.goto(url)
        found.append(float(await page.evaluate(_PAINTED)))
        await context.close()
    return median(found)


if __name__ == "__main__":
    asyncio.run(main())
