"""A tiny bot that answers everything, to have something on the built-in chat's pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.platforms.local import Local, Persona
from bot.web.chat import ChatPages
from bot.web.server import WebServer
from handlers.message import (
    Attachment,
    Bold,
    Button,
    ChatKind,
    Code,
    Copyable,
    Email,
    Event,
    Heading,
    Italic,
    Link,
    Message,
    Moment,
    Phone,
    Progress,
    Request,
    bullets,
    paragraph,
)

KEY = "k3y-of-the-tests"
PEOPLE = [
    Persona("owner", "Dana", "Brussels", "en", organiser=True),
    Persona("london", "Emma", "London", "en"),
    Persona("dublin", "Aoife", "Dublin", "en"),
    Persona("vienna", "Светлана", "Вена", "ru"),
    Persona("berlin-group", "Friends in Berlin", "Berlin", "en", ChatKind.GROUP),
]

LETTER = """Your Excellency,

I am writing about Mr Max Bokayev and Mr Talgat Ayan, who go on trial in Atyrau on \
12 October 2016 for taking part in peaceful protests over land reform.

I respectfully ask that the charges against them be dropped, that they be released, and that \
everyone's right to peaceful assembly be respected.

Yours sincerely,"""

NOTICE = Message(
    blocks=(
        Heading("Drill: two land-rights activists go on trial on Wednesday"),
        paragraph(
            Bold("Please write to the embassy before "),
            Moment(1476246600, "Wednesday 12 October 2016, 10:30"),
            Bold("."),
            " Max Bokayev and Talgat Ayan face up to ten years in prison for peaceful protests.",
        ),
        Heading("Write to"),
        bullets(
            (Bold("Embassy of Kazakhstan in the United Kingdom"), ", 125 Pall Mall, London"),
            (Email("london@example.org"), " · ", Phone("+442079250000", "+44 20 7925 0000")),
            (Link("kazakhembus.example.org", "https://kazakhembus.example.org/contact"),),
        ),
        paragraph(Italic("Checked on 3 October 2016.")),
        Heading("Ask for"),
        bullets(
            "Drop all charges.", "Release both men.", "Respect peaceful assembly.", numbered=True
        ),
        Heading("A letter you can send"),
        Copyable(LETTER),
        paragraph(Italic("To stop these notices, send "), Code("/unsubscribe"), Italic(".")),
    ),
    buttons=(
        (
            Button("I wrote", "/wrote 1", token="tok-wrote"),
            Button("Remind me", "/remind 1", token="tok-remind"),
        ),
        (
            Button("Copy the address", copy="london@example.org"),
            Button("About the case", url="https://example.org/case?a=1&b=2"),
        ),
    ),
    attachments=(
        Attachment("hearing 12 Oct.ics", "text/calendar", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
        Attachment("письмо.txt", "text/plain", LETTER),
    ),
)
WELCOME = Message(
    blocks=(paragraph("Where do you live? Your embassy depends on it."),),
    buttons=(
        (
            Button("United Kingdom", "/country GB", token="tok-gb"),
            Button("Ireland", "/country IE", token="tok-ie"),
        ),
        (Button("Another country", "/country ?", token="tok-other"),),
    ),
)


class Echo:
    """Keeps what arrives and answers at once; `/alert` is answered with a whole notice."""

    def __init__(self, local: Local) -> None:
        self.local = local
        self.arrived: list[Request] = []

    async def receive(self, requests: Sequence[Request], _cursor: str | None) -> None:
        for request in requests:
            self.arrived.append(request)
            await self.answer(request)

    async def answer(self, request: Request) -> None:
        if request.event is Event.PRESSED:
            done = Message((paragraph("Noted: ", Code(request.button)),))
            if request.button == "tok-other":  # answered below, not in place
                await self.local.send(request.address, done, key=request.event_id)
                return
            await self.local.edit(request.address, request.message_ref, done, key="edit")
            return
        known = {"/start": WELCOME, "/alert": NOTICE, "/stats": progress(120)}
        said = Message((paragraph("You said: ", request.text),))
        message = known.get(request.text, said)
        await self.local.send(request.address, message, key=request.event_id)


def progress(done: int) -> Message:
    """How far a sending of 300 is."""
    return Message((paragraph("Sending the notice."), Progress(done, 300)))


async def healthy() -> dict[str, object]:
    return {"ok": True, "database": "sqlite"}


@asynccontextmanager
async def serving(
    local: Local, *, open_door: bool = True
) -> AsyncIterator[tuple[WebServer, Echo]]:
    """The pages on a free port, with the echo behind them."""
    echo = Echo(local)
    pages = ChatPages(local, PEOPLE, KEY, open_door=open_door)
    server = WebServer("127.0.0.1", 0, health=healthy, chat=pages)
    await server.start()
    listening = asyncio.create_task(local.listen(echo.receive, None))
    try:
        yield server, echo
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        await server.stop()
