"""Hydrogen, a web client for Matrix, built from npm's registry and served on this machine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from playwright.async_api import Page

from tests.fakes.synapse import Account, Homeserver

_TO_THE_TOP = """it => {
  it.scrollIntoView({block: 'start'});
  it.closest('.Timeline_scroller').scrollTop -= 36;  // below the day that hovers there
}"""
_SOURCE = Path(__file__).with_name("hydrogen")


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """Build it in `folder` and serve it; its address."""
    shutil.copytree(_SOURCE, folder, dirs_exist_ok=True)
    build = ("npx", "vite", "build", "--target", "esnext", "--logLevel", "error")
    subprocess.run(("npm", "install", "--silent"), cwd=folder, check=True)  # noqa: ASYNC221 -- nothing else runs yet
    (folder / "public").mkdir()
    shutil.copy(folder / "node_modules/hydrogen-view-sdk/lib-build/sw.js", folder / "public")
    subprocess.run(build, cwd=folder, check=True)  # noqa: ASYNC221 -- as above
    app = web.Application()
    app.router.add_static("/", folder / "dist")
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/index.html"
    finally:
        await runner.cleanup()


async def sign_in(page: Page, url: str, homeserver: Homeserver, account: Account) -> None:
    """Sign in as a person does."""
    await page.goto(url)
    await page.locator("#homeserver").fill(homeserver.url)
    await page.locator("#homeserver").press("Tab")
    await page.locator("#username").fill(account.user_id)
    await page.locator("#password").fill(account.password)
    await page.get_by_role("button", name="Log In").click()
    await page.locator(".SessionView").wait_for()


async def open_chat(page: Page) -> None:
    """Open the only chat there is, unless it is open."""
    if await page.locator(".RoomView").count():
        return
    await page.locator(".RoomList li a").first.click()
    await page.locator(".Timeline_message").first.wait_for()


async def scroll_to(page: Page, words: str) -> None:
    """Bring the message with these words to the top of the window."""
    message = page.locator(".Timeline_message", has_text=words).first
    await message.wait_for()
    await message.evaluate(_TO_THE_TOP)
