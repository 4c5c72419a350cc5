"""A real Chromium, driven by playwright, for the pages' tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

CHROMIUM = Path("/usr/bin/chromium")
DESK = (1280, 800)
PHONE = (390, 844)

expect.set_options(timeout=20_000)  # a machine may be busy with other tests

_QUIETLY = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser; a machine without one skips the test."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIETLY))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def window(
    browser: Browser,
    size: tuple[int, int] = DESK,
    *,
    colours: Literal["light", "dark"] = "light",
    language: str = "en",
    scripts: bool = True,
    complaint: str = "",
) -> AsyncIterator[Page]:
    """A window that remembers nothing of others.

    Whatever the browser complains of fails the test, unless it contains `complaint`.
    """
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=colours,
        locale=language,
        java_script_enabled=scripts,
        permissions=["clipboard-read", "clipboard-write"],
        timezone_id="Europe/London",
    )
    page = await context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None,
    )
    try:
        yield page
    finally:
        await context.close()
    assert [one for one in complaints if not complaint or complaint not in one] == []


async def screenshot(page: Page, path: Path) -> None:
    """What the window shows, as a PNG file."""
    await page.screenshot(path=path, animations="disabled")
