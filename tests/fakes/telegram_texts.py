"""What Telegram makes of texts: lengths in UTF-16 units, entities, links, addresses it finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.telegram_refusals import bad

LONGEST_TEXT = 4096  # UTF-16 units
LONGEST_CAPTION = 1024
MOST_ENTITIES = 100  # further ones are ignored

_KINDS = frozenset(
    [
        "mention",
        "hashtag",
        "cashtag",
        "bot_command",
        "url",
        "email",
        "phone_number",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
        "date_time",
    ]
)
_NEEDED = {"text_link": "url", "text_mention": "user", "date_time": "unix_time"}
_SCHEMES = frozenset(("http", "https", "tg", "ton", "tonsite"))

Entity = dict[str, Any]


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check_text(text: str) -> None:
    """Refuse a text that is empty or too long."""
    if not text.strip():
        raise bad("message text is empty")
    if units(text) > LONGEST_TEXT:
        raise bad("message is too long")


def check_caption(caption: str) -> None:
    """Refuse a caption that is too long."""
    if units(caption) > LONGEST_CAPTION:
        raise bad("message caption is too long")


def shown_entities(text: str, sent: list[Entity]) -> list[Entity]:
    """The entities a message ends up with: those sent, cleaned, and those Telegram finds.

    Refuses kinds that do not exist, places outside the text or within a letter, and overlaps
    that are no nesting.
    """
    for entity in sent:
        _check_entity(text, entity)
    _check_nesting(text, sent)
    kept = [it for it in map(_web_link, sent[:MOST_ENTITIES]) if it is not None]
    found = [it for it in found_entities(text) if not any(_overlap(it, own) for own in kept)]
    return sorted(kept + found, key=lambda it: (it["offset"], -it["length"]))


def _check_entity(text: str, entity: Entity) -> None:
    kind, start, end = entity["type"], entity["offset"], entity["offset"] + entity["length"]
    if kind not in _KINDS:
        raise bad("can't parse MessageEntity: Unsupported type specified")
    if kind in _NEEDED and _NEEDED[kind] not in entity:
        raise bad(f"can't parse MessageEntity: Can't find field \"{_NEEDED[kind]}\"")
    if start < 0 or entity["length"] < 1:
        raise bad("can't parse MessageEntity: wrong place in the text")
    if end > units(text):
        raise _ends_after(start, end)
    if not (_on_border(text, start) and _on_border(text, end)):
        raise bad("entity begins or ends in a middle of a UTF-16 symbol")


def _check_nesting(text: str, sent: list[Entity]) -> None:
    places = sorted((it["offset"], -it["length"]) for it in sent)
    ends = [units(text)]
    for start, minus in places:
        while ends[-1] <= start:
            ends.pop()
        if start - minus > ends[-1]:
            raise _ends_after(start, start - minus)
        ends.append(start - minus)


def _ends_after(start: int, end: int) -> Exception:
    return bad(
        f"entity beginning at UTF-16 offset {start} ends after the end of the text "
        f"at UTF-16 offset {end}"
    )


def _on_border(text: str, place: int) -> bool:
    try:
        text.encode("utf-16-le")[: 2 * place].decode("utf-16-le")
    except UnicodeDecodeError:
        return False
    return True


def _overlap(one: Entity, other: Entity) -> bool:
    if other["type"] not in {"text_link", "url", "email", "phone_number", "code", "pre"}:
        return False
    return bool(
        one["offset"] < other["offset"] + other["length"]
        and other["offset"] < one["offset"] + one["length"]
    )


def _web_link(entity: Entity) -> Entity | None:
    """A link as it is stored; None where Telegram drops it and leaves the words."""
    if entity["type"] != "text_link":
        return entity
    target = link_target(entity["url"])
    return {**entity, "url": target} if target else None


def link_target(url: str) -> str:
    """Where a link leads, "" if Telegram refuses it.

    Without "://" everything is an address on the web: "mailto:a@b.org" leads to b.org, with
    "mailto" and "a" as name and password (TDLib's parse_url).
    """
    scheme, mark, _ = url.strip().partition("://")
    if mark:
        return url.strip() if scheme.lower() in _SCHEMES else ""
    try:
        parts = urlsplit(f"http://{url.strip()}")
        usable = "." in (parts.hostname or "") and parts.port != 0
    except ValueError:  # "tel:+7…" has a port that is no number
        return ""
    return parts.geturl() if usable else ""


_FOUND = (
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE)),
    (
        "url",
        re.compile(
            r"https?://[^\s<>]*[^\s<>.,;:!?)]"
            r"|(?<![\w@.-])(?:[a-z\d-]+\.)+(?:org|com|net|kz|ru|example)\b"
            r"(?:/[^\s<>]*[^\s<>.,;:!?)])?",
            re.IGNORECASE,
        ),
    ),
    ("phone_number", re.compile(r"(?<![\w+])\+\d(?:[ ()-]{0,2}\d){6,14}(?!\w)")),
    ("bot_command", re.compile(r"(?<![\w/])/[a-z0-9_]{1,64}(?:@\w{3,32})?", re.IGNORECASE)),
)


def found_entities(text: str) -> list[Entity]:
    """The addresses, numbers, links and commands Telegram finds by itself."""
    return list(_found(text))


def _found(text: str) -> Iterator[Entity]:
    taken = 0
    hits = [(hit.start(), -hit.end(), kind) for kind, rx in _FOUND for hit in rx.finditer(text)]
    for start, minus, kind in sorted(hits):
        if start >= taken:
            taken = -minus
            yield {
                "type": kind,
                "offset": units(text[:start]),
                "length": units(text[start:taken]),
            }


def shown_text(given: dict[str, Any]) -> dict[str, Any]:
    """What a message with this text shows."""
    refuse_markup(given)
    check_text(given["text"])
    entities = shown_entities(given["text"], given.get("entities", []))
    return {"text": given["text"], **({"entities": entities} if entities else {})}


def refuse_markup(given: dict[str, Any]) -> None:
    """Markup to parse is how foreign text becomes links: this bot sends entities only."""
    if "parse_mode" in given:
        raise bad("unsupported parse_mode")
