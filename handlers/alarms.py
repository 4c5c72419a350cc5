"""Alarms: what organisers are told when the bot itself is in trouble, once a day each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.command import tell_organisers
from handlers.i18n import Translator
from handlers.message import Heading, Message, paragraph
from handlers.services import shown
from storage import keepsakes

AGAIN = 86400  # seconds until the same is told once more

Kind = Literal[
    "refused",
    "shared",
    "webhook",
    "unreachable",
    "other",
    "silent",
    "flood",
    "stuck",
    "disk",
    "full",
    "readonly",
    "damaged",
    "failed",
]
_STILL_SENDS = ("shared", "webhook", "flood", "stuck")
"""What does not keep the platform concerned from carrying the alarm itself, now or later."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that organisers should know of."""

    kind: Kind
    platform: str = ""
    minutes: int = 0
    megabytes: int = 0

    @property
    def name(self) -> str:
        """What makes two alarms the same."""
        return f"{self.kind} {self.platform}".strip()

    @property
    def mute(self) -> str:
        """The platform that cannot carry this alarm; "" if each one can."""
        return "" if self.kind in _STILL_SENDS else self.platform

    def message(self, translator: Translator) -> Message:
        """What happened, and what to do."""
        where = shown(translator, self.platform) if self.platform else ""
        text = translator.t(
            f"alarm-{self.kind}",
            platform=where,
            minutes=self.minutes,
            megabytes=self.megabytes,
        )
        return Message(blocks=(Heading(translator.t("alarm-title")), paragraph(text)))


async def tell(session: AsyncSession, alarm: Alarm, now: int) -> bool:
    """Queue an alarm to every organiser; False if nobody can be told. Once a day."""
    told = await keepsakes.load(session, "alarm", alarm.name)
    if told is not None and 0 <= now - int(told) < AGAIN:
        return True
    count = await tell_organisers(session, now, alarm.message, except_platform=alarm.mute)
    if count:
        await keepsakes.save(session, "alarm", alarm.name, str(now))
    return count > 0
