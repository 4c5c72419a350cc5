"""The built-in chat on the web: people in a side bar, a conversation, what is new in it.

Everything works with plain forms and reloading; a script only spares the reloading. Nothing is
kept in the browser. The pages live under a secret path; see also `guard.py`.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Mapping, Sequence
from urllib.parse import quote

from aiohttp import web

from bot.platforms.local import Local, NotTakenError, Persona
from bot.web import guard, pages
from bot.web.conversation import Conversation, Unread, newest
from handlers.i18n import known_language
from handlers.words import one_line

HINTS = ("/start", "/actions", "/hearings", "/settings", "/help")
ORGANISER_HINTS = ("/alert ", "/actions", "/stats", "/help")

_POLL_SECONDS = 25.0
_LONGEST_NAME = 40


class ChatPages:
    """The chat's part of the web server.

    `key` makes the address secret; `open_door` lets "/" lead there. A hint that ends with a space
    is completed by hand before it is sent.
    """

    def __init__(
        self,
        local: Local,
        personas: Sequence[Persona],
        key: str,
        *,
        open_door: bool = False,
        hints: Sequence[str] = HINTS,
        organiser_hints: Sequence[str] = ORGANISER_HINTS,
    ) -> None:
        self.path = f"/chat/{key}"
        self.open_door = open_door
        self._local = local
        self._hints = {False: hints, True: organiser_hints}
        self._unread = Unread(local)
        self._closing = asyncio.Event()
        local.introduce(personas)

    def application(self) -> web.Application:
        """The routes below `path`."""
        app = web.Application(middlewares=[guard.only_at_home])
        app.on_shutdown.append(self._close)
        app.router.add_get("/", self._first_page)
        app.router.add_post("/people", self._add_person)
        app.router.add_get("/{person}", self._page)
        app.router.add_get("/{person}/news", self._news)
        app.router.add_post("/{person}/say", self._say)
        app.router.add_post("/{person}/press", self._press)
        app.router.add_get("/{person}/files/{ref}/{number}", self._file)
        return app

    async def _close(self, _app: web.Application) -> None:
        self._closing.set()

    # -------------------------------------------------------------------------------- looking

    async def _first_page(self, request: web.Request) -> web.Response:
        first = next(iter(self._local.people()), "")
        return await self._show(self._conversation(request, first))

    async def _page(self, request: web.Request) -> web.Response:
        return await self._show(self._conversation(request))

    async def _show(self, conversation: Conversation) -> web.Response:
        persona = conversation.persona
        lines, _ = await self._local.lines(persona.id)
        self._unread.show(persona.id, lines)
        return conversation.page(
            lines,
            people=self._local.people().values(),
            unread=await self._unread.people(),
            hints=self._hints[persona.organiser],
        )

    async def _news(self, request: web.Request) -> web.Response:
        """What changed after version `after`, or in the unread dots; waits for it a while."""
        conversation = self._conversation(request)
        since = _number(request.query.get("after", ""))
        until = time.monotonic() + _POLL_SECONDS
        while True:
            change = self._local.next_change()
            lines, whole = await self._local.lines(conversation.persona.id, since)
            self._unread.show(conversation.persona.id, lines)
            dots = ",".join(await self._unread.people())
            is_news = lines or (whole and since) or dots != request.query.get("dots", "")
            if is_news or not await self._wait(change, until):
                break
        news = {"after": newest(lines, 0 if whole else since), "whole": whole, "dots": dots}
        shown = [{"id": f"m{line.id}", "html": conversation.line(line)} for line in lines]
        return web.json_response(news | {"lines": shown})

    async def _wait(self, change: asyncio.Event, until: float) -> bool:
        """Wait for a change; False when it is time to answer anyway."""
        waiting = [asyncio.create_task(event.wait()) for event in (change, self._closing)]
        try:
            await asyncio.wait(
                waiting,
                timeout=max(0.0, until - time.monotonic()),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for task in waiting:
                task.cancel()
        return change.is_set() and not self._closing.is_set()

    async def _file(self, request: web.Request) -> web.Response:
        persona = self._conversation(request).persona
        message = await self._local.message(persona.id, request.match_info["ref"])
        number = _number(request.match_info["number"])
        if message is None or number >= len(message.attachments):
            raise web.HTTPNotFound
        attachment = message.attachments[number]
        name = quote(attachment.filename, safe="")
        return web.Response(
            body=attachment.text.encode(),
            headers={
                "Content-Type": f"{attachment.mime}; charset=utf-8",
                "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            },
        )

    # ---------------------------------------------------------------------------------- doing

    async def _say(self, request: web.Request) -> web.Response:
        conversation = self._conversation(request)
        form = await request.post()
        text = _field(form, "hint") or _field(form, "text")
        if not text.strip():
            return _refuse(request, "web-empty", back=conversation.url(conversation.persona.id))
        language = conversation.persona.language or conversation.words.language
        said = self._local.said(conversation.persona.id, text.strip(), language)
        return await _take(request, conversation, said)

    async def _press(self, request: web.Request) -> web.Response:
        conversation = self._conversation(request)
        form = await request.post()
        ref, token = _field(form, "ref"), _field(form, "token")
        pressed = self._local.pressed(conversation.persona.id, ref, token)
        return await _take(request, conversation, pressed)

    async def _add_person(self, request: web.Request) -> web.Response:
        form = await request.post()
        name, language = one_line(_field(form, "name")), known_language(_field(form, "language"))
        persona = Persona(f"guest-{secrets.token_hex(4)}", name, language=language)
        conversation = Conversation(request, self.path, persona)
        if not 1 <= len(name) <= _LONGEST_NAME:
            return _refuse(request, "web-nameless", back=conversation.url(""))
        await self._local.add(persona)
        raise web.HTTPSeeOther(conversation.url(persona.id))

    def _conversation(self, request: web.Request, person: str = "") -> Conversation:
        persona = self._local.people().get(person or request.match_info.get("person", ""))
        if persona is None:
            raise web.HTTPNotFound
        return Conversation(request, self.path, persona)


async def _take(
    request: web.Request, conversation: Conversation, doing: Awaitable[None]
) -> web.Response:
    back = conversation.url(conversation.persona.id)
    try:
        await doing
    except NotTakenError:
        return _refuse(request, "web-not-taken", back=back, status=503)
    if _is_script(request):
        return web.Response(status=204)
    raise web.HTTPSeeOther(back + "#end")


def _refuse(request: web.Request, key: str, *, back: str, status: int = 400) -> web.Response:
    if _is_script(request):
        return web.Response(text=pages.words(request).t(key), status=status)
    return pages.sentence(request, key, status=status, back=back)


def _is_script(request: web.Request) -> bool:
    return "X-Script" in request.headers  # our chat.js says so


def _field(form: Mapping[str, object], name: str) -> str:
    value = form.get(name, "")
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""  # or a file


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
