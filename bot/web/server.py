"""The web server: /healthz, action pages for the world, the built-in chat. It keeps no log."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.web import guard, pages
from bot.web.action import ActionPages
from bot.web.chat import ChatPages

log = logging.getLogger(__name__)

# What goes wrong with a request, the library logs with the visitor's address and with what was
# asked: nobody may be found in a log who wanted to read about a case.
_UNSPOKEN = logging.getLogger(f"{__name__}.unspoken")
_UNSPOKEN.setLevel(logging.CRITICAL + 1)

Health = Callable[[], Awaitable[Mapping[str, object]]]
"""What is known about the program's state; `"ok": True` in it means all is well."""


class WebServer:
    """Serves on one address from `start` to `stop`. Port 0 takes any free one, see `port`."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        health: Health,
        chat: ChatPages | None = None,
        action: ActionPages | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._health = health
        self._chat = chat
        self._action = action
        self._runner = web.AppRunner(
            self.application(), access_log=None, logger=_UNSPOKEN, shutdown_timeout=1.0
        )

    async def start(self) -> None:
        """Listen. Raises `OSError` when the address is taken."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.host, self.port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Answer what is being asked, then close every connection; within about a second."""
        await self._runner.cleanup()

    def application(self) -> web.Application:
        """The routes."""
        app = web.Application(middlewares=[_say_what_is_wrong])
        app.on_response_prepare.append(pages.restrict)
        app.router.add_get("/", self._front)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_static("/static", pages.STATIC)
        if self._action:
            self._action.add_to(app)
        if self._chat:
            app.add_subapp(self._chat.path, self._chat.application())
        return app

    async def _front(self, request: web.Request) -> web.Response:
        if self._chat and self._chat.open_door and guard.is_at_home(request):
            raise web.HTTPFound(self._chat.path + "/")
        return pages.sentence(request, "web-here")

    async def _healthz(self, _request: web.Request) -> web.Response:
        state = await self._health()
        return web.json_response(dict(state), status=200 if state.get("ok") is True else 503)


@web.middleware
async def _say_what_is_wrong(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return pages.sentence(request, "web-no-page", status=404)
    except web.HTTPException:
        raise
    except Exception as error:
        log.error("a page could not be made (%s in %s)", type(error).__name__, _place(error))
        return pages.sentence(request, "web-broken", status=500)


def _place(error: Exception) -> str:
    """The file and line it was raised at, which name nobody."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
