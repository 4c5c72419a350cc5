"""Three explicit tables: every command, every kind of notice, every job of the clock.

A new command is a function with `@command` in a module here, its line in COMMANDS, its strings.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from handlers import (
    alert_notice,
    alert_progress,
    alerts,
    broadcast,
    cases,
    channels,
    closing,
    contact_doubts,
    contact_reports,
    content,
    corrections,
    embassy,
    hearings,
    help,  # noqa: A004 - the module of the command /help
    housekeeping,
    letters,
    organisers,
    prisoner,
    privacy,
    reminders,
    settings,
    subscriptions,
    targets,
    withdrawal,
)
from handlers.command import Command
from handlers.i18n import Translator
from handlers.message import Message
from storage.outbox import Reader

COMMANDS: tuple[Command, ...] = (
    subscriptions.start,
    subscriptions.subscribe,
    subscriptions.unsubscribe,
    cases.actions,
    cases.case,
    letters.letter,
    letters.files,
    prisoner.prisoner,
    hearings.list_hearings,
    embassy.embassy,
    contact_reports.worked,
    contact_reports.bounced,
    settings.settings,
    settings.country,
    settings.language,
    settings.timezone,
    settings.quiet,
    settings.notices,
    content.content,
    subscriptions.pause,
    subscriptions.resume,
    privacy.privacy,
    privacy.own_id,
    privacy.forget,
    help.help_,
    alerts.alert,
    alerts.show_preview,
    alerts.send,
    alerts.approve,
    alerts.schedule,
    alerts.cancel,
    corrections.correct,
    corrections.retract,
    closing.close,
    closing.reopen,
    broadcast.go_on,
    broadcast.discard,
    broadcast.resend,
    hearings.hearing,
    targets.target,
    contact_doubts.contact,
    help.stats,
    organisers.invite,
    organisers.join,
    organisers.list_organisers,
    organisers.revoke,
    organisers.lockdown,
    organisers.show_audit,
    channels.channel,
)
"""In the order help lists them."""

WELCOME = "start"
"""The command that greets a chat we have just been let into."""

Renderer = Callable[[str, Reader, Translator], Message]

NOTICES: Mapping[str, Renderer] = {
    "alert": alert_notice.alert,
    "reminder": reminders.reminder,
    "hearing-changed": reminders.reminder,
    organisers.WITHDRAWN: withdrawal.withdrawal,
    closing.CLOSED: closing.closed,
    closing.NEWS: closing.closed,
}
"""Kind of notice → pure function (frozen payload, reader) → message."""

WITHDRAWING = frozenset({organisers.WITHDRAWN})
"""Kinds that take back what they replace, before they say why."""

VARIED = frozenset({"alert"})
"""Kinds that read differently for readers who are alike but for the lot they drew."""

HELD_WHEN_DOUBTFUL = frozenset({"reminder"})
"""Kinds that wait for an organiser rather than arrive twice, where the platform cannot tell."""

Job = Callable[[AsyncSession, int], Awaitable[object]]

JOBS: tuple[Job, ...] = (
    broadcast.tend,
    alert_progress.tick,
    reminders.fire_due,
    organisers.keep_still,
    housekeeping.wake_paused,
    housekeeping.purge,
)
"""What every tick does, each in a transaction of its own, given the time."""
