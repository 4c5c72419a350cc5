"""One account that fails does not silence the others, and organisers hear of it there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.app import App, open_storage, started
from bot.config import build_config
from bot.platforms.base import Unusable
from handlers.message import plain, unpack_message
from tests.fakes.telegram import BotApi

PATIENCE = 60.0


async def _reads(app: App, words: str) -> None:
    """The owner in the built-in chat is told this."""
    local = app.local
    assert local is not None
    async with asyncio.timeout(PATIENCE):
        while True:
            change = local.next_change()
            lines, _ = await local.lines("owner")
            if any(words in plain(unpack_message(it.content)) for it in lines if it.ours):
                return
            await change.wait()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("revoked", "Telegram: the bot's account is no longer accepted"),
        ("webhook", "Telegram: somebody has redirected"),
    ],
)
async def test_an_account_that_fails_is_told_on_the_other_one(
    database_url: str, tmp_path: Path, telegram_server: BotApi, what: str, words: str
) -> None:
    config = build_config(
        {
            "database": {"url": database_url},
            "telegram": {"token": telegram_server.token, "api_url": telegram_server.url},
            "local": {"enabled": True},
            "web": {"listen": "127.0.0.1:0"},
            "organisers": {"owners": ["local:owner"]},
        },
        tmp_path,
    )
    async with open_storage(config) as storage:
        app = App(config, storage)
        serving = asyncio.create_task(app.serve(ready := asyncio.Event()))
        await started(serving, ready)
        assert app.local is not None
        await app.local.said("owner", "/start")
        await _reads(app, "urgent alerts")

        if what == "revoked":
            telegram_server.revoke_token()
        else:
            telegram_server.sets_webhook("https://somebody.example")

        await _reads(app, words)
        report = await app.health.report()
        assert report["ok"] is False
        assert "telegram: " in str(report["wrong"])
        assert not serving.done()
        await app.local.said("owner", "/help")
        await _reads(app, "/subscribe")
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_a_built_in_chat_that_nobody_uses_is_no_reason_to_go_on(
    database_url: str, tmp_path: Path, telegram_server: BotApi
) -> None:
    config = build_config(
        {
            "database": {"url": database_url},
            "telegram": {"token": telegram_server.token, "api_url": telegram_server.url},
            "local": {"enabled": True},
            "web": {"listen": "127.0.0.1:0"},
        },
        tmp_path,
    )
    telegram_server.revoke_token()
    async with open_storage(config) as storage:
        serving = asyncio.create_task(App(config, storage).serve())
        with pytest.raises(BaseExceptionGroup) as ended:
            async with asyncio.timeout(PATIENCE):
                await serving

    assert ended.value.subgroup(Unusable) is not None
