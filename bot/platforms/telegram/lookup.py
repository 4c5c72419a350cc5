"""Whether a message has arrived whose sending got no answer (docs/doubtful-deliveries.md).

Where to look: private chats and basic groups draw on one row of message numbers, so a message
that left after one number was known has a higher one, and few higher ones are unaccounted for.
What to believe: not the numbers, but that Telegram itself finds our words there and no others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import structlog
from telegram import Bot
from telegram.error import BadRequest

from bot.platforms.base import Turn, Unknown
from bot.platforms.telegram.content import text_of
from bot.platforms.telegram.errors import says, translate
from handlers.message import Message

log = structlog.get_logger()

_FIRST_SUPERGROUP = -1_000_000_000_000  # these, further down, and channels count for themselves
_REMEMBERED = 4000  # numbers: some two minutes of broadcasting
_MOST = 8  # numbers looked at for one message: as many as may be in flight
_NEAR = 3  # numbers beyond the highest known: somebody may just have written
_PATIENCE = 5.0  # seconds for an answer: whoever waits for a notice waits for this too

_ABSENT = ("message to edit not found", "message_id_invalid")
_NOT_OURS = ("message can't be edited",)
_OURS = ("no live location in the message to edit",)
_SAME = ("message is not modified",)


class Numbers:
    """The message numbers of the account that are accounted for."""

    def __init__(self) -> None:
        self.highest = 0
        self._known: set[int] = set()

    def note(self, chat: int, number: int) -> None:
        """A message with this number is known, ours or theirs."""
        if chat <= _FIRST_SUPERGROUP:
            return
        self.highest = max(self.highest, number)
        self._known.add(number)
        if len(self._known) > 2 * _REMEMBERED:
            self._known = {it for it in self._known if it > self.highest - _REMEMBERED}

    def unexplained(self, since: int) -> list[int]:
        """The numbers a message may have that left when `since` was the highest."""
        just_started = self.highest < since
        last = since + _MOST if just_started else self.highest + _NEAR
        return [it for it in range(since + 1, last + 1) if it not in self._known][:_MOST]


class TelegramLookup:
    """Looks for messages in private chats; `after` seconds, so that what is on its way lands."""

    def __init__(self, bot: Bot, numbers: Numbers, *, after: float) -> None:
        self._bot = bot
        self._numbers = numbers
        self._after = after
        self._doubted: set[int] = set()

    def mark(self) -> str:
        """The highest number known by now."""
        return str(self._numbers.highest or "")

    async def find(self, address: str, message: Message, *, since: str, turn: Turn) -> str:
        """The number of exactly this text in this chat, "" unless Telegram leaves no doubt.

        A chat with an earlier message that was never found is not looked at again: that one may
        still arrive, and must neither be taken for this one nor be written over.
        """
        chat = int(address) if address.isdecimal() else 0
        if not chat or chat in self._doubted:
            return ""
        self._doubted.add(chat)
        if not since or message.attachments:  # what a file holds cannot be compared
            return ""
        await asyncio.sleep(self._after)
        number = await self._only_one_of_ours(chat, int(since), turn)
        if not number:
            return ""
        await turn()
        if not await self._reads(chat, number, message):
            return ""
        self._numbers.note(chat, number)
        self._doubted.discard(chat)
        return str(number)

    async def _only_one_of_ours(self, chat: int, since: int, turn: Turn) -> int:
        """The one message of ours that nothing accounts for; 0 if there is none, or another."""
        found = []
        for number in self._numbers.unexplained(since):
            await turn()
            if await self._is_ours(chat, number):
                found.append(number)
        return found[0] if len(found) == 1 else 0

    async def _is_ours(self, chat: int, number: int) -> bool:
        """Is there a message of ours? Asked by a request that must fail, and tells by how."""
        refusal = await self._refused(
            self._bot.stop_message_live_location(chat, number, read_timeout=_PATIENCE)
        )
        if refusal is None:
            raise Unknown("a live location, which we never send")
        if says(refusal, _OURS):
            return True
        if says(refusal, _ABSENT + _NOT_OURS):
            return False
        raise Unknown("a refusal that tells nothing")

    async def _reads(self, chat: int, number: int, message: Message) -> bool:
        """Does it say exactly this? Then there is nothing to change in it."""
        refusal = await self._refused(
            self._bot.edit_message_text(
                chat_id=chat, message_id=number, read_timeout=_PATIENCE, **text_of(message)
            )
        )
        if refusal is None:
            log.warning("a message looked for said something else")
            return False
        return says(refusal, _SAME)

    @staticmethod
    async def _refused(call: Awaitable[object]) -> BadRequest | None:
        try:
            await call
        except BadRequest as refusal:
            return refusal
        except Exception as error:
            raise translate(error) from None
        return None
