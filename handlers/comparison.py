"""What the bot says while somebody's client compares encryption keys with its own."""

from __future__ import annotations

from handlers.command import Context
from handlers.message import Message, paragraph


def compared(ctx: Context) -> Message:
    """What we see, and what it proves: whoever compares has nothing else to compare it with."""
    t = ctx.translator
    return Message(
        blocks=(
            paragraph(t.t("keys-compared", emoji=ctx.request.text)),
            paragraph(t.t("keys-compared-limit")),
        )
    )
