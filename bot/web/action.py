"""The action page: whoever has its address may see it, and nothing about them is kept.

No cookie, no log, nothing from elsewhere; what a reader types into it stays in their browser. It
works without scripts. Everything it needs is below /a/, so a proxy needs to pass on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from aiohttp import web

from bot.web import pages
from bot.web.action_view import Asked, View
from bot.web.fax import can_be_drawn, fax_number, fax_sheet
from handlers.action_page import Action, Ended, find_action
from handlers.addressees import Addressee
from handlers.campaign_fields import countries
from handlers.i18n import Translator
from handlers.letter import Letter
from handlers.letter_files import eml, txt
from handlers.message import Attachment
from storage.database import Database
from storage.lots import LOTS

_PAGE = "{page:[0-9a-f]{24}}"
_FILES = {"action.css": "text/css", "action.js": "text/javascript", "bell.svg": "image/svg+xml"}
_POLICY = {
    # Stricter than the built-in chat's: not even a script of ours can send anything anywhere.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


class ActionPages:
    """The pages of all alerts, below /a/."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def add_to(self, app: web.Application) -> None:
        """The routes."""
        for name in _FILES:
            app.router.add_get(f"/a/{name}", _static)
        app.router.add_get(f"/a/{_PAGE}", self._page)
        app.router.add_get(f"/a/{_PAGE}/letter", self._sheet)
        app.router.add_get(f"/a/{_PAGE}/fax.pdf", self._fax)
        app.router.add_get(f"/a/{_PAGE}/{{file:letter[.](?:eml|txt)}}", self._file)

    async def _page(self, request: web.Request) -> web.Response:
        action = await self._action(request)
        if action.ended:
            return _ended(request, action)
        view = _view(request, action)
        return _answer(request, "action.html", view, cards=view.cards())

    async def _sheet(self, request: web.Request) -> web.Response:
        """The letter on paper, with its envelope; or as a fax."""
        action = await self._action(request)
        if action.ended:
            return _ended(request, action)
        view = _view(request, action)
        to, letter = _chosen(request, view)
        fax = fax_number(to) if "fax" in request.query else ""
        return _answer(
            request,
            "sheet.html",
            view,
            key=to.key,
            letter=letter,
            words=Translator(letter.language).t,  # the sheet's, not the reader's
            fax=fax,
            pdf=bool(fax) and can_be_drawn(to, letter),
            post=to.address("postal"),
        )

    async def _file(self, request: web.Request) -> web.Response:
        action = await self._action(request)
        if action.ended:
            return _ended(request, action)
        _, letter = _chosen(request, _view(request, action))
        mailed = request.match_info["file"].endswith("eml")
        if mailed and letter.channel != "email":
            raise web.HTTPNotFound  # there is nobody to mail it to
        return _download((eml if mailed else txt)(action.payload.case.id, letter))

    async def _fax(self, request: web.Request) -> web.Response:
        """The fax sheet as PDF."""
        action = await self._action(request)
        if action.ended:
            return _ended(request, action)
        to, letter = _chosen(request, _view(request, action))
        sheet = fax_sheet(to, letter)
        if sheet is None:
            raise web.HTTPNotFound
        name = f"{action.payload.case.id}-{to.key}.pdf"
        return _sent(sheet, name, "application/pdf", shown="inline")

    async def _action(self, request: web.Request) -> Action:
        async with self._database.read() as session:
            action = await find_action(session, request.match_info["page"], self._clock())
        if action is None:
            raise web.HTTPNotFound
        return action


def _view(request: web.Request, action: Action) -> View:
    """What was asked for; whatever makes no sense is as if it had not been asked."""
    country, lot = request.query.get("country", ""), request.query.get("v", "")
    return View(
        action,
        Asked(
            language=pages.words(request).language,
            country=country if country in countries() else "",
            lot=int(lot) % LOTS if lot.isascii() and lot.isdigit() and len(lot) < 4 else 0,
        ),
    )


def _chosen(request: web.Request, view: View) -> tuple[Addressee, Letter]:
    to = view.person(request.query.get("to", ""))
    letter = view.letter(to) if to else None
    if to is None or letter is None:
        raise web.HTTPNotFound
    return to, letter


def _answer(
    request: web.Request, template: str, view: View, *, status: int = 200, **values: object
) -> web.Response:
    page = request.match_info["page"]
    up = "" if request.path.endswith(page) else "../"
    answer = pages.page(
        template,
        status=status,
        view=view,
        t=view.t.t,
        translator=view.t,
        lang=view.t.language,
        page=page,
        up=up,
        **values,
    )
    answer.headers.update(_POLICY)
    answer.enable_compression()
    return answer


def _ended(request: web.Request, action: Action) -> web.Response:
    """Please do not write any more, and why."""
    view = _view(request, action)
    day = action.payload.case.deadline if action.ended is Ended.DEADLINE else action.payload.issued
    why = view.t.t(f"page-ended-{action.ended}", day=view.t.day(day))
    outcome = view.t.t(f"closed-{action.outcome}") if action.outcome else ""
    known = {"why": why, "reason": action.reason, "outcome": outcome}
    return _answer(request, "ended.html", view, status=410, **known)


def _download(file: Attachment) -> web.Response:
    return _sent(file.text.encode(), file.filename, f"{file.mime}; charset=utf-8")


def _sent(data: bytes, name: str, mime: str, shown: str = "attachment") -> web.Response:
    disposition = f"{shown}; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Type": mime, "Content-Disposition": disposition, **_POLICY}
    return web.Response(body=data, headers=headers)


async def _static(request: web.Request) -> web.Response:
    name = request.path.rpartition("/")[2]
    answer = web.Response(
        body=(pages.STATIC / name).read_bytes(),
        headers={"Content-Type": f"{_FILES[name]}; charset=utf-8"},
    )
    answer.enable_compression()
    return answer
