"""The question a chat was asked last: its next plain words are the answer."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Dialogue
from storage.subscribers import chat_index

_PATIENCE = 3600  # seconds an answer is waited for


async def ask(session: AsyncSession, platform: str, address: str, question: str, now: int) -> None:
    """Take the next plain words of this chat as the argument of the command `question`."""
    await session.merge(
        Dialogue(
            chat=chat_index(session, platform, address),
            question=question,
            expires_at=now + _PATIENCE,
        )
    )


async def answer(session: AsyncSession, platform: str, address: str, now: int) -> str:
    """The command that waits for this chat's words, used up by asking; "" if none does."""
    chat = chat_index(session, platform, address)
    dialogue = await session.get(Dialogue, chat)
    if dialogue is None:
        return ""
    await session.execute(delete(Dialogue).where(Dialogue.chat == chat))
    return dialogue.question if dialogue.expires_at > now else ""
