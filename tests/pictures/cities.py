"""One notice as it reads in six cities, on each platform; and Matrix in a real web client."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from html import escape
from pathlib import Path

from playwright.async_api import Browser, Page

from bot.app import App
from bot.config import build_config
from bot.demo import running
from bot.demo_story import ALERT, OWNER
from bot.platforms.local import Persona
from handlers.message import unpack_message
from tests.fakes.browser import chromium, screenshot, window
from tests.fakes.synapse import Account, Homeserver
from tests.fakes.telegram import BotApi
from tests.pictures import hydrogen
from tests.pictures.readers import City, OnOurPage, Reader, on_matrix, on_telegram, says

_FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
_ENGLISH, _RUSSIAN = "Trial opens tomorrow", "Завтра в Атырау"
_CITIES = (
    City("London", "GB", "en", _ENGLISH),
    City("Dublin", "IE", "en", _ENGLISH),
    City("Brussels", "BE", "ru", _RUSSIAN),
    City("Vienna", "AT", "en", _ENGLISH),
    City("Minsk", "BY", "ru", _RUSSIAN),
    City("Nairobi", "KE", "en", _ENGLISH),
)
_WIDTH = 230  # pixels of one screen in the overview
_CHAT = (620, 860)


async def take() -> None:
    """Send one alert to everybody, then look at their screens."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        homeserver = await _homeserver(stack, folder / "synapse")
        server = await _telegram(stack)
        client = await stack.enter_async_context(hydrogen.served(folder / "hydrogen"))
        browser = await stack.enter_async_context(chromium())
        bot = await homeserver.register("tocsin")
        signed_in = await stack.enter_async_context(
            on_matrix(browser, client, homeserver, _CITIES, folder)
        )
        app = await stack.enter_async_context(_running(folder, server, homeserver, bot))
        assert app.local is not None
        on_hydrogen = signed_in(bot.user_id)
        rows: dict[str, Sequence[Reader]] = {
            "Telegram": on_telegram(browser, server, _CITIES),
            "Matrix (Hydrogen)": on_hydrogen,
            "Built-in chat": [OnOurPage(it, app, app.local, browser) for it in _CITIES],
        }
        london = on_hydrogen[0]
        await london.begins()
        await hydrogen.open_chat(london.page)
        await _take_chat(london.page, "matrix-choices.png")
        for reader in [it for row in rows.values() for it in row]:
            await reader.subscribes()
        await _alert(app)
        await _overview(browser, rows, folder)
        await _take_chat(london.page, "matrix-notice.png", _ENGLISH)


async def _homeserver(stack: AsyncExitStack, folder: Path) -> Homeserver:
    folder.mkdir()
    homeserver = Homeserver(folder)
    stack.callback(homeserver.stop)
    await asyncio.to_thread(homeserver.start)
    return homeserver


async def _telegram(stack: AsyncExitStack) -> BotApi:
    server = BotApi()
    await server.start()
    stack.push_async_callback(server.stop)
    return server


def _running(
    folder: Path, server: BotApi, homeserver: Homeserver, bot: Account
) -> AbstractAsyncContextManager[App]:
    """The whole program on all three platforms, with the sample campaign."""
    matrix = {
        "homeserver": homeserver.url,
        "user_id": bot.user_id,
        "password": bot.password,
        "store": str(folder / "store"),
    }
    config = build_config(
        {
            "organisers": {"owners": ["local:owner"]},
            "alerts": {"cooldown_seconds": 0},
            "telegram": {"token": server.token, "api_url": server.url},
            "matrix": matrix,
            "local": {"enabled": True},
            "web": {"listen": "127.0.0.1:0", "public_url": "https://act.example.org"},
            "log": {"level": "warning"},
        },
        folder,
    )
    people = [OWNER, *(Persona(it.id, it.name, it.name, it.language) for it in _CITIES)]
    return running(config, people)


async def _alert(app: App) -> None:
    assert app.local is not None
    await says(app.local, OWNER.id, ALERT)
    line = (await app.local.lines(OWNER.id))[0][-1]
    button = unpack_message(line.content).buttons[0][0]
    await app.local.pressed(OWNER.id, str(line.id), button.token)


# ------------------------------------------------------------------------------- pictures


async def _overview(browser: Browser, rows: dict[str, Sequence[Reader]], folder: Path) -> None:
    """All screens in one picture: a row for each platform, a column for each city."""
    shown = ["<th></th>", *(f"<th>{it.name}</th>" for it in _CITIES)]
    table = [f"<tr>{''.join(shown)}</tr>"]
    for number, (platform, readers) in enumerate(rows.items()):
        cells = [f"<th><span>{escape(platform)}</span></th>"]
        for reader in readers:
            path = folder / f"{number}-{reader.city.id}.png"
            await reader.photographs(path)
            cells.append(f'<td><img src="{path.as_uri()}" width="{_WIDTH}"></td>')
        table.append(f"<tr>{''.join(cells)}</tr>")
    page_file = folder / "overview.html"
    page_file.write_text(_OVERVIEW + f"<table>{''.join(table)}</table>", "utf-8")
    async with window(browser, (len(_CITIES) * (_WIDTH + 8) + 40, 600)) as page:
        await page.goto(page_file.as_uri())
        path = _FOLDER / "six-cities.jpg"
        await page.screenshot(path=path, full_page=True, type="jpeg", quality=72)


_OVERVIEW = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; font: 15px "DejaVu Sans", sans-serif; background: #fff }
img { display: block; border: 1px solid #bbb; border-radius: 6px }
th { padding: 6px 2px; font-weight: 600 }
span { writing-mode: vertical-rl; transform: rotate(180deg) }
</style>"""


async def _take_chat(page: Page, name: str, words: str = "") -> None:
    """The chat in a window, from the message with these words on, or its end."""
    await page.set_viewport_size({"width": _CHAT[0], "height": _CHAT[1]})
    await page.wait_for_timeout(3000)  # reactions come after the message
    if words:
        await hydrogen.scroll_to(page, words)
    await screenshot(page, _FOLDER / name)
