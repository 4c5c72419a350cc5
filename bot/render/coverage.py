"""Coverage as a picture: an SVG table of sending states and readers' countries."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from handlers.countries import country_name
from handlers.coverage import LEVELS, Level, Reach

_CELL, _LEFT, _TOP, _FOOT = 26, 150, 30, 84
# Told apart without colours, too: the darker, the better, and each has its own mark.
_LOOKS: dict[Level, tuple[str, str, str, str]] = {
    Level.EMAIL: ("#0b5e3b", "#ffffff", "@", "e-mail"),
    Level.CALL: ("#4a9c6d", "#000000", "☎", "telephone or fax"),
    Level.POST: ("#b9dcc6", "#000000", "✉", "post, website, or older than five years"),
    Level.NOTHING: ("#f3e3b3", "#000000", "·", "mission known, no contact"),
    Level.UNKNOWN: ("#eeeeee", "#767676", "–", "nothing known"),
}


def picture(reaches: Sequence[Reach], title: str) -> str:
    """A row for each sending state, a column for each reader's country."""
    rows = list(dict.fromkeys(it.sending for it in reaches))
    columns = list(dict.fromkeys(it.country for it in reaches))
    width = max(_LEFT + _CELL * len(columns) + 10, 620)
    height = _TOP + _CELL * len(rows) + _FOOT
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    named = f'role="img" aria-label="{escape(title)}"'
    font = 'font-family="sans-serif" font-size="13"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {named} {font}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for index, country in enumerate(columns):
        x = _LEFT + _CELL * index + _CELL / 2
        parts.append(_text(x, _TOP - 9, country, hint=country_name(country, "en")))
    for index, sending in enumerate(rows):
        y = _TOP + _CELL * index + _CELL / 2 + 5
        parts.append(_text(_LEFT - 8, y, country_name(sending, "en"), anchor="end"))
    for reach in reaches:
        x = _LEFT + _CELL * columns.index(reach.country)
        y = _TOP + _CELL * rows.index(reach.sending)
        parts.append(_cell(reach, x, y))
    parts += _legend(height - _FOOT + 26)
    return "\n".join([*parts, "</svg>", ""])


def _cell(reach: Reach, x: float, y: float) -> str:
    fill, ink, mark, said = _LOOKS[reach.level]
    where = f", from {reach.found.city or reach.found.host}" if reach.from_elsewhere else ""
    pair = f"{country_name(reach.sending, 'en')} for {country_name(reach.country, 'en')}"
    ring = ' stroke="#333333" stroke-dasharray="2 2"' if reach.from_elsewhere else ""
    return (
        f"<g><title>{escape(f'{pair}: {said}{where}')}</title>"
        f'<rect x="{x + 1}" y="{y + 1}" width="{_CELL - 2}" height="{_CELL - 2}" '
        f'fill="{fill}"{ring}/>{_text(x + _CELL / 2, y + _CELL / 2 + 5, mark, ink=ink)}</g>'
    )


def _legend(y: float) -> list[str]:
    parts, x = [], 10.0
    for number, level in enumerate(LEVELS):
        fill, ink, mark, said = _LOOKS[level]
        if number == 3:
            x, y = 10.0, y + 26
        parts.append(f'<rect x="{x}" y="{y - 15}" width="20" height="20" fill="{fill}"/>')
        parts.append(_text(x + 10, y, mark, ink=ink))
        parts.append(_text(x + 26, y, said, anchor="start"))
        x += 50 + 7.2 * len(said)
    parts.append(f'<rect x="{x}" y="{y - 15}" width="20" height="20" {_DASHED}/>')
    parts.append(_text(x + 26, y, "it stands in another country", anchor="start"))
    return parts


_DASHED = 'fill="#ffffff" stroke="#333333" stroke-dasharray="2 2"'


def _text(
    x: float, y: float, said: str, *, anchor: str = "middle", ink: str = "#000000", hint: str = ""
) -> str:
    title = f"<title>{escape(hint)}</title>" if hint else ""
    where = f'x="{x}" y="{y}" text-anchor="{anchor}" fill="{ink}"'
    return f"<text {where}>{title}{escape(said)}</text>"
