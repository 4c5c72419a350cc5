"""The loops we compare with: eight workers, the same messages, nothing remembered.

    python -m benchmarks.loops aiogram --url http://127.0.0.1:8081 --messages samples.json

No outbox, no pacing, no signing: the messages are made before the clock starts, and whatever a
crash catches is lost. That is the least a sender can cost with each library. Each prints its
processor time and memory as JSON; what it delivered, the server knows.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import resource
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from benchmarks.ledger import FIRST_SUBSCRIBER

WORKERS = 8
_TOKEN = "1:benchmark"  # noqa: S105 - a fake server's

Sample = dict[str, str]
Send = Callable[[int, int], Awaitable[object]]
"""Sends the sample of that number to a chat."""


async def python_telegram_bot(url: str, samples: list[Sample], total: int) -> float:
    """PTB as it comes, over httpx."""
    from telegram.request import HTTPXRequest  # noqa: PLC0415 - each loop loads only its own

    return await _ptb(HTTPXRequest(connection_pool_size=WORKERS), url, samples, total)


async def python_telegram_bot_over_aiohttp(url: str, samples: list[Sample], total: int) -> float:
    """PTB over our transport: the ceiling of what we can reach."""
    from bot.platforms.telegram.request import AiohttpRequest  # noqa: PLC0415 - as above

    return await _ptb(AiohttpRequest(), url, samples, total)


async def _ptb(request: object, url: str, samples: list[Sample], total: int) -> float:
    from telegram import (  # noqa: PLC0415 - as above
        Bot,
        InlineKeyboardMarkup,
        LinkPreviewOptions,
        MessageEntity,
    )

    made = [
        (
            it["text"],
            MessageEntity.de_list(json.loads(it["entities"])),
            InlineKeyboardMarkup.de_json(json.loads(it["keyboard"])) if it["keyboard"] else None,
        )
        for it in samples
    ]
    no_preview = LinkPreviewOptions(is_disabled=True)

    bot = Bot(_TOKEN, request=request, base_url=f"{url}/bot")  # type: ignore[arg-type] # either

    async def send(chat: int, number: int) -> object:
        text, entities, keyboard = made[number]
        return await bot.send_message(
            chat, text, entities=entities, reply_markup=keyboard, link_preview_options=no_preview
        )

    async with bot:
        return await _run(send, len(made), total)


async def aiogram(url: str, samples: list[Sample], total: int) -> float:
    """aiogram as it comes."""
    from aiogram import Bot  # noqa: PLC0415 - as above
    from aiogram.client.session.aiohttp import AiohttpSession  # noqa: PLC0415 - as above
    from aiogram.client.telegram import TelegramAPIServer  # noqa: PLC0415 - as above
    from aiogram.types import (  # noqa: PLC0415 - as above
        InlineKeyboardMarkup,
        LinkPreviewOptions,
        MessageEntity,
    )

    made = [
        (
            it["text"],
            [MessageEntity.model_validate(one) for one in json.loads(it["entities"])],
            InlineKeyboardMarkup.model_validate_json(it["keyboard"]) if it["keyboard"] else None,
        )
        for it in samples
    ]
    no_preview = LinkPreviewOptions(is_disabled=True)
    bot = Bot(_TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(url)))

    async def send(chat: int, number: int) -> object:
        text, entities, keyboard = made[number]
        return await bot.send_message(
            chat, text, entities=entities, reply_markup=keyboard, link_preview_options=no_preview
        )

    try:
        return await _run(send, len(made), total)
    finally:
        await bot.session.close()


async def _run(send: Send, samples: int, total: int) -> float:
    """Send so many, eight at a time; the seconds of processor time it took."""
    before = _cpu()
    chats: Iterator[int] = iter(range(FIRST_SUBSCRIBER, FIRST_SUBSCRIBER + total))
    turns = itertools.cycle(range(samples))

    async def work() -> None:
        for chat in chats:
            await send(chat, next(turns))

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    return _cpu() - before


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


LOOPS = {
    "ptb": python_telegram_bot,
    "ptb-aiohttp": python_telegram_bot_over_aiohttp,
    "aiogram": aiogram,
}


def main() -> None:
    """Run the loop named on the command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("loop", choices=LOOPS)
    options.add_argument("--url", required=True)
    options.add_argument("--messages", type=Path, required=True)
    options.add_argument("--total", type=int, required=True)
    given = options.parse_args()
    samples = json.loads(given.messages.read_text())
    cpu = asyncio.run(LOOPS[given.loop](given.url, samples, given.total))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": cpu, "memory": memory}))


if __name__ == "__main__":
    main()
