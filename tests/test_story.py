"""The whole road at once: a strict fake Telegram, a real Synapse, the built-in chat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app import App, clock, open_storage, started
from bot.config import build_config
from bot.import_campaign import store_campaign
from bot.platforms.local import Local, Persona
from handlers.message import plain, unpack_message
from tests.fakes.matrix_person import MatrixPerson
from tests.fakes.synapse import Account, Homeserver
from tests.fakes.telegram import BotApi
from tests.people import sample

ALERT = (
    "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now.\n"
    "[ru] Завтра в Атырау суд\nО нём сообщили только сейчас."
)


@asynccontextmanager
async def _running(
    database_url: str,
    folder: Path,
    telegram: BotApi,
    homeserver: Homeserver,
    bots: Sequence[Account],
) -> AsyncIterator[App]:
    first, second = (
        {"homeserver": homeserver.url, "user_id": bot.user_id, "password": bot.password}
        for bot in bots
    )
    config = build_config(
        {
            "database": {"url": database_url},
            "telegram": {"token": telegram.token, "api_url": telegram.url},
            "matrix": {**first, "second": second},
            "local": {"enabled": True},
            "web": {"listen": "127.0.0.1:0"},
            "alerts": {"cooldown_seconds": 0},
            "organisers": {"owners": ["telegram:77"]},
        },
        folder,
    )
    async with open_storage(config) as storage:
        await store_campaign(storage, sample(), clock())
        app = App(config, storage, [Persona("vienna", "Group", language="en")])
        serving = asyncio.create_task(app.serve(ready := asyncio.Event()))
        await started(serving, ready)
        assert not serving.done(), serving
        try:
            yield app
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def _hears(local: Local, person: str, words: str) -> str:
    """What the bot has written to a person of the built-in chat, once `words` are in it."""
    async with asyncio.timeout(20):
        while True:
            change = local.next_change()
            lines, _ = await local.lines(person)
            ours = [unpack_message(it.content) for it in lines if it.ours and it.content]
            text = "\n".join(plain(message) for message in ours)
            if words in text:
                return text
            await change.wait()


@pytest.mark.timeout(180)
async def test_an_alert_reaches_telegram_matrix_and_the_built_in_chat(
    database_url: str,
    tmp_path: Path,
    telegram_server: BotApi,
    homeserver: Homeserver,
    bob: MatrixPerson,
    *,
    aigerim: MatrixPerson,
) -> None:
    name = f"tocsin-{tmp_path.name.lower()}"
    bots = [await homeserver.register(name), await homeserver.register(f"{name}-second")]
    owner, anna = telegram_server.person(77), telegram_server.person(78, language="en")
    async with _running(database_url, tmp_path, telegram_server, homeserver, bots) as app:
        local = next(it for it in app.platforms if isinstance(it, Local))

        # Somebody in London subscribes on Telegram with buttons.
        await anna.writes("/start")
        await anna.presses(await anna.hears("In which country"), "United Kingdom")
        await anna.presses(await anna.hears("What do you want to hear about?"), "Everything")
        await anna.hears("You will get every urgent notice")

        # Somebody in Brussels subscribes in an encrypted Matrix chat, in Russian.
        room = await bob.talks_to(bots[0].user_id, encrypted=True)
        question = await bob.hears(room, "Which language", within=20)
        assert "2️⃣" in await bob.sees_reactions(question.event_id, 2, within=20)
        await bob.reacts(room, question.event_id, "2️⃣")
        question = await bob.hears(room, "В какой стране", within=20)
        await bob.writes(room, "Бельгия")
        question = await bob.hears(room, "О чём вам сообщать", within=20)
        assert "2️⃣ Казахстан — !subscribe KZ" in question.body
        await bob.writes(room, "2")
        await bob.hears(room, "Вы будете получать", within=20)

        # A group in Vienna subscribes in the built-in chat.
        await local.said("vienna", "/country Austria")
        await local.said("vienna", "/subscribe bokayev-ayan")

        # Somebody follows through the bot's second account, in a chat that is not encrypted.
        other = await aigerim.talks_to(bots[1].user_id, encrypted=False)
        await aigerim.hears(other, "Which language", within=20)
        for answer in ("!language en", "!country KZ", "!content full", "!subscribe all"):
            await aigerim.writes(other, answer)
        await aigerim.hears(other, "You will get every urgent notice", within=20)

        # The organiser sends an alert.
        await owner.writes("/start")
        await owner.hears("Tocsin: urgent alerts")
        await owner.writes(ALERT)
        preview = await owner.hears("Preview of alert")
        assert "Goes to 4 subscribers." in preview["text"]
        await owner.presses(preview, "Send")

        # Everybody gets the notice with their own embassy.
        notice = await anna.hears("Trial opens tomorrow in Atyrau")
        assert "london@mfa.kz" in notice["text"]
        assert "email" in {entity["type"] for entity in notice["entities"]}
        heard = await bob.hears(room, "Завтра в Атырау суд", within=30)
        assert "brussels@mfa.kz" in heard.body
        await aigerim.hears(other, "Trial opens tomorrow in Atyrau", within=30)
        assert "Vienna" in await _hears(local, "vienna", "Trial opens tomorrow")
        await owner.hears("Delivered 4 of 4, unreachable 0, held 0", within=20)

        # A hearing tomorrow reminds at once, with a calendar entry.
        await owner.writes("/hearing add bokayev-ayan tomorrow 10:30 Asia/Atyrau City Court")
        await anna.hears("Court hearing", within=20)
        await anna.chat.gets_file(".ics", within=20)
        await bob.hears(room, "суд", within=30)
