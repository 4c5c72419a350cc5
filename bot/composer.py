"""What a claimed delivery says to its reader: a reply as it was packed, a notice rendered now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from handlers.i18n import Translator, prefix_of
from handlers.message import Italic, Message, Paragraph, unpack_message
from handlers.registry import NOTICES, VARIED
from storage import notices
from storage.database import Database
from storage.outbox import Claim, Reader

_LOOPS = 12  # turns of the event loop: more than it takes to open a connection
_REMEMBERED = 256  # kinds of readers, some 50 kB each


class Composer:
    """Makes messages of claims; payloads of notices are read once.

    A notice reads the same for all who share language, country, time zone, kind of chat and lot.
    Composing and splitting it costs many times what sending it does: so both are done once for
    each such kind of reader.
    """

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._payloads: dict[int, str] = {}
        self._parts: dict[object, Sequence[Message]] = {}
        self._composing = asyncio.Lock()  # one after the other, so that the first can leave

    async def parts(
        self, claim: Claim, split: Callable[[Message], Sequence[Message]]
    ) -> Sequence[Message]:
        """The message in the parts that the platform splits it into."""
        if claim.notice_id is None:
            return split(unpack_message(claim.body))
        quiet = _is_quiet(claim.reader, self._clock())
        kind = replace(claim.reader, quiet_from=None, quiet_to=None)
        if claim.notice_kind not in VARIED:
            kind = replace(kind, lot=0)
        key = (claim.notice_id, claim.platform, kind, quiet)
        if key not in self._parts:
            async with self._composing:
                await _after_what_is_ready()
                if key not in self._parts:
                    self._parts[key] = split(await self.compose(claim))
        parts = self._parts[key] = self._parts.pop(key)
        if len(self._parts) > _REMEMBERED:
            del self._parts[next(iter(self._parts))]  # used longest ago
        return parts

    async def compose(self, claim: Claim) -> Message:
        """The whole message, before it is split into parts."""
        translator = Translator(claim.reader.language, prefix_of(claim.platform))
        if claim.notice_id is None:
            message = unpack_message(claim.body)
        else:
            payload = await self._payload(claim.notice_id)
            message = NOTICES[claim.notice_kind](payload, claim.reader, translator)
            if _is_quiet(claim.reader, self._clock()):
                message = replace(message, silent=True)
        return message

    def marked(self, part: Message, claim: Claim) -> Message:
        """The part with a line that it may have arrived before.

        Added after splitting, so that the parts stay as they were; platforms leave room for it.
        """
        translator = Translator(claim.reader.language, prefix_of(claim.platform))
        note = Paragraph((Italic(translator.t("maybe-a-repeat")),))
        return replace(part, blocks=(note, *part.blocks))

    async def _payload(self, notice_id: int) -> str:
        if notice_id not in self._payloads:
            async with self._database.read() as session:
                payload = await notices.payload(session, notice_id)
            if len(self._payloads) > 16:
                self._payloads.clear()
            self._payloads[notice_id] = payload
        return self._payloads[notice_id]


async def _after_what_is_ready() -> None:
    """Let go first what is composed already: composing holds up everything else."""
    for _ in range(_LOOPS):
        await asyncio.sleep(0)


def _is_quiet(reader: Reader, now: int) -> bool:
    """Is it within the reader's quiet hours? Then messages arrive without a sound."""
    if reader.quiet_from is None or reader.quiet_to is None:
        return False
    local = datetime.fromtimestamp(now, UTC).astimezone(_zone(reader.timezone))
    minute = local.hour * 60 + local.minute
    if reader.quiet_from <= reader.quiet_to:
        return reader.quiet_from <= minute < reader.quiet_to
    return minute >= reader.quiet_from or minute < reader.quiet_to


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name or "UTC")
