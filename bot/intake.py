"""Inbox row → dispatcher → rows: one transaction an update, so that it counts exactly once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.bell import Bell
from bot.dispatcher import Dispatcher, Reply
from bot.platforms.base import Receive
from handlers.i18n import Translator, known_language, prefix_of
from handlers.message import (
    Event,
    Message,
    Request,
    pack_message,
    pack_request,
    paragraph,
    unpack_request,
)
from storage import inbox, outbox
from storage.crashpoints import crashpoint
from storage.database import Database
from storage.duties import take_turn
from storage.models import InboxState
from storage.trouble import trouble_of

log = structlog.get_logger()

_POLL = 5.0  # seconds; the bell is usually faster


class Intake:
    """Stores what arrives and works through it in order."""

    def __init__(
        self,
        database: Database,
        dispatcher: Dispatcher,
        *,
        arrived: Bell,
        queued: Bell,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._arrived = arrived
        self._queued = queued
        self._clock = clock

    def receiver(self, platform: str) -> Receive:
        """The function a platform hands its updates to."""

        async def receive(requests: Sequence[Request], cursor: str | None) -> None:
            if not requests and cursor is None:
                return  # the service answers and nothing has happened
            arrivals = [inbox.Arrival(it.event_id, pack_request(it)) for it in requests]
            crashpoint("received")
            async with self._database.write() as session:
                await inbox.take(session, platform, arrivals, cursor, self._clock())
                crashpoint("storing")
            crashpoint("stored")
            if requests:
                self._arrived.ring()

        return receive

    async def run(self, platform: str) -> None:
        """Work through a platform's part of the inbox, for ever."""
        while True:
            rounds = self._arrived.rounds
            while await self.handle_next(platform):
                pass
            await self._arrived.wait(rounds, _POLL)

    async def handle_next(self, platform: str) -> bool:
        """Deal with the platform's oldest update that waits; False when there is none."""
        row_id = 0
        try:
            async with self._database.write() as session:
                found = await inbox.next_row(session, platform)
                if found is None:
                    return False
                row, payload = found
                row_id = row.id
                await take_turn(session)
                request = unpack_request(payload)
                reply = await self._dispatcher.handle(session, request)
                await self._enqueue(session, request, reply)
                inbox.finish(row)
                await session.flush()
                crashpoint("handling")
            crashpoint("handled")
            if reply is not None and reply.message.erase:
                await self._database.scrub()
        except Exception as error:
            if trouble_of(error) is not None:
                raise  # the database itself is in trouble: not this update's fault
            await self._give_up(platform, row_id, error)
        self._queued.ring()
        return True

    async def _enqueue(self, session: AsyncSession, request: Request, reply: Reply | None) -> None:
        if reply is None:
            return
        message = replace(reply.message, answers=request.origin)
        replaces = message.in_place and request.event == Event.PRESSED
        await outbox.enqueue(
            session,
            platform=request.platform,
            address=request.address,
            body=pack_message(message),
            now=self._clock(),
            subscriber=reply.subscriber,
            edits_ref=request.message_ref if replaces else "",
        )

    async def _give_up(self, platform: str, row_id: int, error: Exception) -> None:
        """A fault of ours: note where, tell the sender, and go on with the next update."""
        log.error("update failed", row=row_id, fault=type(error).__name__, where=_place(error))
        async with self._database.write() as session:
            found = await inbox.next_row(session, platform)
            if found is None or found[0].id != row_id:
                return
            row, payload = found
            request = unpack_request(payload)
            inbox.finish(row, InboxState.FAILED)
            await self._enqueue(session, request, Reply(_apology(request, row_id), None))


def _apology(request: Request, number: int) -> Message:
    translator = Translator(known_language(request.language), prefix_of(request.platform))
    return Message(blocks=(paragraph(translator.t("our-fault", number=number)),))


def _place(error: Exception) -> str:
    """The file and line a fault comes from; never its words, which may name somebody."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
