"""Telegram, through its Bot API: python-telegram-bot's types and methods over our own transport.

Its Updater, rate limiter and job queue are not used: they confirm updates before they are handled,
burst, and keep everything in memory.
"""

import os

os.environ.setdefault("PTB_TIMEDELTA", "true")  # else reading `retry_after` is a warning

from bot.platforms.telegram.platform import Telegram

__all__ = ["Telegram"]
