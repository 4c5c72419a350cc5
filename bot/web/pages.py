"""What every page of ours shares: templates, the reader's language, headers that allow little."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handlers.i18n import MAIN_LANGUAGE, Translator, known_language

STATIC = Path(__file__).parent / "static"
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


async def restrict(_request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Put the headers on every answer, errors included (a signal of the application).

    A page that has set a stricter one keeps it.
    """
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.popall("Server", None)


def words(request: web.BaseRequest) -> Translator:
    """The words of a page, in the language of `?lang=` or else the browser's."""
    return Translator(asked_language(request) or _accepted_language(request))


def asked_language(request: web.BaseRequest) -> str:
    """The language in the address; "" when it names none of ours."""
    return known_language(request.query.get("lang", ""))


def _accepted_language(request: web.BaseRequest) -> str:
    wanted = request.headers.get("Accept-Language", "").split(",")  # browsers: best one first
    known = (known_language(entry.partition(";")[0].strip()) for entry in wanted)
    return next(filter(None, known), MAIN_LANGUAGE)


def fill(template: str, **values: object) -> str:
    """A template with these values, which are escaped unless they are `Markup`."""
    return _TEMPLATES.get_template(template).render(**values)


def page(template: str, *, status: int = 200, **values: object) -> web.Response:
    """The template as an answer."""
    return web.Response(text=fill(template, **values), status=status, content_type="text/html")


def sentence(
    request: web.BaseRequest, key: str, *, status: int = 200, back: str = ""
) -> web.Response:
    """A page that says one thing, with the way back if there is one."""
    t = words(request)
    return page("sentence.html", status=status, t=t.t, lang=t.language, said=t.t(key), back=back)
