"""The real process, killed with a message on its way, and asked to look for it when it is back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.config import load_config
from bot.import_campaign import import_file
from tests.fakes.program import Program
from tests.fakes.telegram import BotApi
from tests.people import SAMPLE

MARK = "You may have received this message already."


@pytest.fixture
async def program(
    tmp_path: Path, database_url: str, telegram_server: BotApi
) -> AsyncIterator[Program]:
    """A fresh installation that looks for what is in doubt, not started yet."""
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
        [database]
        url = "{database_url}"
        [telegram]
        token = "{telegram_server.token}"
        api_url = "{telegram_server.url}"
        settle_doubts = true
        [web]
        listen = "127.0.0.1:0"
        """
    )
    await import_file(load_config(file), SAMPLE)
    async with Program(file) as program:
        yield program


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("point", "marked"), [("sent", 0), ("sending", 1)])
async def test_killed_with_a_message_on_its_way_it_repeats_only_what_has_not_arrived(
    program: Program, telegram_server: BotApi, point: str, marked: int
) -> None:
    anna = telegram_server.person()
    await program.start(crash_at=f"{point}:1")
    await anna.writes("/about")
    assert await program.ends() < 0
    asked = len(anna.chat.texts)

    await program.ready()
    await anna.writes("/privacy")
    await anna.hears("/forget")

    texts = anna.chat.texts
    assert asked == 1 - marked
    assert sum(MARK in text for text in texts) == marked
    assert len({text.rpartition(MARK)[2].strip() for text in texts}) == len(texts)
    assert telegram_server.asked["stopMessageLiveLocation"] > 0
