"""Who may reach the built-in chat: only somebody on this machine, never through a proxy.

Whoever opens it can act as the owner, so besides its secret address each request must name this
machine and must not have been passed on. A site in another tab cannot post to it.
"""

from __future__ import annotations

from ipaddress import ip_address

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler
from yarl import URL

from bot.web import pages

_PASSED_ON = ("forwarded", "x-forwarded", "x-real-ip", "x-original", "via", "cf-", "true-client")


@web.middleware
async def only_at_home(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer only whom the chat is for; a plain sentence says why not."""
    if not is_at_home(request):
        return pages.sentence(request, "web-loopback-only", status=403)
    if request.method not in {"GET", "HEAD"} and is_foreign(request):
        return pages.sentence(request, "web-foreign", status=403)
    return await handler(request)


def is_at_home(request: web.BaseRequest) -> bool:
    """Was this asked on this machine, by a browser that talks to us directly?

    Proxies name the public host, add headers of their own, or still speak HTTP/1.0.
    """
    passed_on = any(name.lower().startswith(_PASSED_ON) for name in request.headers)
    return not passed_on and request.version >= HttpVersion11 and is_loopback(request.host)


def is_loopback(host: str) -> bool:
    """Does this Host header name this machine (`localhost`, `127.0.0.0/8`, `[::1]`)?"""
    try:
        name = URL(f"http://{host}").host or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def is_foreign(request: web.BaseRequest) -> bool:
    """Did another site make the browser send this?

    A form of ours arrives with `Origin: null`, because our pages send no referrer (Fetch
    standard, "append a request Origin header"); then Sec-Fetch-Site must vouch for it.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        return site != "same-origin"
    return origin is not None and origin != f"http://{request.host}"
