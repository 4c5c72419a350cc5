"""How a conversation looks to whoever asked for it: its words, addresses, people and lines."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from aiohttp import web
from markupsafe import Markup

from bot.platforms.local import Local, Persona
from bot.render.web import Place, render
from bot.web import pages
from handlers.i18n import languages
from handlers.message import ChatKind, unpack_message
from storage.local_chat import Line


class Unread:
    """Which conversations hold something that no page has shown since the start."""

    def __init__(self, local: Local) -> None:
        self._local = local
        self._started = int(time.time() * 1000)
        self._shown: dict[str, int] = {}  # the newest version shown of each conversation

    def show(self, person: str, lines: Iterable[Line]) -> None:
        """These lines of the conversation have been shown."""
        self._shown[person] = max([self._shown.get(person, 0), *(line.version for line in lines)])

    async def people(self) -> list[str]:
        """Whose conversations hold something new."""
        newest = await self._local.newest()
        return [
            person
            for person, version in newest.items()
            if version > max(self._started, self._shown.get(person, 0))
        ]


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody in the side bar."""

    id: str
    name: str
    about: str  # place and language
    badge: str
    url: str
    current: bool
    unread: bool


class Conversation:
    """One person's conversation as one request sees it."""

    def __init__(self, request: web.Request, path: str, persona: Persona) -> None:
        self.persona = persona
        self.words = pages.words(request)
        self._path = path
        self._asked = pages.asked_language(request)

    def url(self, *parts: str, lang: str = "") -> str:
        """An address below the chat's path, in the language that was asked for."""
        path = "/".join([self._path, *(quote(part, safe="") for part in parts)])
        language = lang or self._asked
        return f"{path}?lang={language}" if language else path

    def page(
        self,
        lines: Sequence[Line],
        *,
        people: Iterable[Persona],
        unread: Sequence[str],
        hints: Sequence[str],
    ) -> web.Response:
        """The whole page."""
        return pages.page(
            "chat.html",
            t=self.words.t,
            lang=self.words.language,
            persona=self.persona,
            badge=self._badge(self.persona),
            entries=[self._entry(one, unread) for one in people],
            lines=[self.line(line) for line in lines],
            after=newest(lines),
            dots=",".join(unread),
            hints=hints,
            languages=[(code, self.words.name_of_language(code)) for code in languages()],
            url=self.url,
        )

    def line(self, line: Line) -> Markup:
        """One message; nothing when it was taken back."""
        if not line.content:
            return Markup()
        at = datetime.fromtimestamp(line.written_at, UTC)
        filled = pages.fill("line.html", line=line, body=self._body(line), at=at)
        return Markup(filled)  # noqa: S704 - the template escapes

    def _body(self, line: Line) -> Markup:
        if not line.ours:
            return Markup.escape(line.content)
        place = Place(
            ref=str(line.id),
            press=self.url(self.persona.id, "press"),
            files=f"{self._path}/{quote(self.persona.id)}/files/{line.id}",
            copy=self.words.t("web-copy"),
        )
        return Markup(render(unpack_message(line.content), place))  # noqa: S704 - render escapes

    def _entry(self, persona: Persona, unread: Sequence[str]) -> Entry:
        language = persona.language and self.words.name_of_language(persona.language)
        return Entry(
            id=persona.id,
            name=persona.name,
            about=" · ".join(filter(None, [persona.place, language])),
            badge=self._badge(persona),
            url=self.url(persona.id),
            current=persona.id == self.persona.id,
            unread=persona.id in unread,
        )

    def _badge(self, persona: Persona) -> str:
        if persona.kind is not ChatKind.PRIVATE:
            return self.words.t("web-group")
        return self.words.t("web-organiser") if persona.organiser else ""


def newest(lines: Sequence[Line], otherwise: int = 0) -> int:
    """The highest version among these lines."""
    return max((line.version for line in lines), default=otherwise)
