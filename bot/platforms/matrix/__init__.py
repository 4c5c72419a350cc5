"""The bot as a Matrix account, in plain and encrypted rooms."""

from bot.platforms.matrix.platform import Matrix

__all__ = ["Matrix"]
