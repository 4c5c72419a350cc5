"""Choices: the numbered lines of our messages, picked by a reaction, a reply or a bare number.

What a number stands for is not stored here. It travels with the message itself, signed and, where
the room is, encrypted; it is read again when somebody picks it, so it outlives restarts.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import nio
from aiohttp import ClientError
from nio.exceptions import EncryptionError

from bot.platforms.matrix import content
from bot.platforms.matrix.client import SafeClient
from bot.platforms.matrix.http import Http, Refused
from bot.platforms.matrix.patience import Patience
from handlers.message import ChatKind, Event, Request

log = logging.getLogger(__name__)

_TYPES = ["m.room.message", "m.room.encrypted"]
_NUMBER = re.compile(r"(10|[1-9])\ufe0f?\u20e3?[.)]?|\U0001f51f")
_LOOKED_BACK = 40  # of our messages before a bare number
_RESTRAINT = 86400  # seconds without own reactions on a homeserver that limits the rate


@dataclass(frozen=True, slots=True)
class Offer:
    """What one message of ours lets its reader pick; `lost` if that cannot be told any more."""

    tokens: tuple[str, ...] = ()
    lost: bool = False
    is_text: bool = True

    def token(self, number: int) -> str:
        """The token behind a number; "" if there is none."""
        return self.tokens[number - 1] if number <= len(self.tokens) else ""


class Choices:
    """Offers choices as reactions, and finds out what was picked."""

    def __init__(self, client: SafeClient, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._restrained_until = 0.0
        self._offering: set[asyncio.Task[None]] = set()

    # ----------------------------------------------------------------------------- offering

    def offer(self, room_id: str, event_id: str, count: int, key: str) -> None:
        """React to an own message with the numbers of its choices: then one tap picks one.

        Goes on by itself: the message has been sent, whatever becomes of this.
        """
        if time.monotonic() < self._restrained_until:
            return
        task = asyncio.create_task(self._offer(room_id, event_id, count, key))
        self._offering.add(task)
        task.add_done_callback(self._offering.discard)

    def restrain(self) -> None:
        """Every reaction is an event: where those are rationed, messages need them more."""
        self._restrained_until = time.monotonic() + _RESTRAINT

    async def close(self) -> None:
        """Leave what is not offered yet."""
        for task in self._offering:
            task.cancel()
        await asyncio.gather(*self._offering, return_exceptions=True)

    async def _offer(self, room_id: str, event_id: str, count: int, key: str) -> None:
        try:
            for number in range(1, count + 1):
                # In the clear by the protocol, even in an encrypted room: the homeserver counts
                # reactions. It learns a number from one to ten, and which message has choices.
                body = content.reaction(number, event_id)
                path = f"/rooms/{_quoted(room_id)}/send/m.reaction/{_quoted(key)}.choice{number}"
                await self._http().call("PUT", path, body)
        except (Refused, ClientError, TimeoutError) as error:
            if isinstance(error, Refused) and error.status == 429:
                self.restrain()
            log.info("choices could not be offered as reactions (%s)", type(error).__name__)

    # ------------------------------------------------------------------------------ picking

    async def settle(self, requests: Sequence[Request]) -> list[Request]:
        """The requests, with what the numbers among them stand for.

        Takes a limited time for all of them: whoever waits for it is deaf meanwhile. What cannot
        be looked up until then is handed over without, and answered with a way out.
        """
        until = time.monotonic() + self._patience.choices
        settled = [await self._settled(request, until) for request in requests]
        return [request for request in settled if request is not None]

    async def _settled(self, request: Request, until: float) -> Request | None:
        picked = _NUMBER.fullmatch(request.text.strip())
        if not picked or request.kind is not ChatKind.PRIVATE:
            return None if request.event is Event.PRESSED else replace(request, message_ref="")
        offers = await self._persistently(request, until)
        asked = replace(request, message_ref="")
        if request.event is Event.PRESSED:
            return _pressed(asked, offers[0], int(picked[1] or 10)) if offers else None
        return _numbered(asked, offers, int(picked[1] or 10), bare=not request.message_ref)

    async def _persistently(self, request: Request, until: float) -> list[Offer]:
        """The offers a request may mean; a lost one if the homeserver does not tell in time."""
        while (left := until - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    return await self._offers(request)
            except Refused as refused:
                if refused.status in {403, 404}:
                    return []
            except (ClientError, TimeoutError):
                pass
            await asyncio.sleep(min(self._patience.first_pause, left))
        log.warning("what somebody picked could not be looked up")
        return [Offer(lost=True)]

    async def _offers(self, request: Request) -> list[Offer]:
        """Of the message reacted or replied to; else of our last ones, the newest first."""
        room = f"/rooms/{_quoted(request.address)}"
        if request.message_ref:
            found = [
                await self._http().call("GET", f"{room}/event/{_quoted(request.message_ref)}")
            ]
        else:
            ours = {"senders": [self._client.user_id], "types": _TYPES}
            asked = f"limit={2 * _LOOKED_BACK}&filter={_quoted(json.dumps(ours))}"
            path = f"{room}/context/{_quoted(request.event_id)}?{asked}"
            found = (await self._http().call("GET", path)).get("events_before", [])
        offers = [self._read(request.address, event) for event in found]
        return [offer for offer in offers if offer is not None]

    # ------------------------------------------------------------------------------ reading

    def _read(self, room_id: str, event: Mapping[str, Any]) -> Offer | None:
        """What an event of ours offers by now; None of events that are no messages of ours."""
        if event.get("sender") != self._client.user_id or event.get("type") not in _TYPES:
            return None
        first = self._words(room_id, event)
        if first is None:
            return Offer(lost=True)
        if _replaced(first):
            return None
        edit = _inside(event, "unsigned", "m.relations", "m.replace")
        now = self._words(room_id, edit) if edit.get("sender") == self._client.user_id else first
        if now is not None and now is not first:
            same = _replaced(now) == event.get("event_id")
            now = _inside(now, "m.new_content") if same else None
        if now is None:
            return Offer(lost=True)
        tokens = _tokens(now)
        is_text = now.get("msgtype") != "m.file"
        return Offer(tokens, lost=not tokens and bool(_tokens(first)), is_text=is_text)

    def _words(self, room_id: str, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The content of an own event, decrypted; None if it cannot be read or is not ours."""
        room = self._client.rooms.get(room_id)
        if room is None or event.get("type") != "m.room.encrypted":
            sealed = room is None or room.encrypted or room_id in self._client.ever_encrypted
            return None if sealed else _inside(event, "content")
        try:
            opened = self._client.decrypt_event(nio.MegolmEvent.from_dict({**event}))
        except (EncryptionError, AttributeError):  # made by another device, or malformed
            return None
        return _inside(opened.source, "content") if opened.verified else None

    def _http(self) -> Http:
        client = self._client
        return Http(client.homeserver, client.access_token, self._patience.request)


def _pressed(request: Request, offer: Offer, number: int) -> Request | None:
    """A reaction to a message of ours; with a number that stands nowhere it is nothing more."""
    token = offer.token(number)
    if not token and not offer.lost:
        return None
    # A message of its own answers, not an edit: the reader's reaction would stay on the edited
    # message, and the same number could not be picked again.
    return replace(request, text="", button=token)


def _numbered(request: Request, offers: Sequence[Offer], number: int, *, bare: bool) -> Request:
    """A number that somebody wrote. Under our last words it can only mean what they offer; further
    up, an open question comes first.
    """
    texts = [offer for offer in offers if offer.is_text]
    if texts and (texts[0].token(number) or (texts[0].lost and not bare)):
        pressed = replace(request, event=Event.PRESSED, text="")
        return replace(pressed, button=texts[0].token(number))
    last = next((offer for offer in texts if offer.tokens), Offer())
    return replace(request, button=last.token(number))


def _quoted(part: str) -> str:
    """As a part of a path: old rooms have a "/" in their events' ids."""
    return quote(part, safe="")


def _tokens(words: Mapping[str, Any]) -> tuple[str, ...]:
    tokens = words.get(content.CHOICES)
    return tuple(map(str, tokens)) if isinstance(tokens, list) else ()


def _replaced(words: Mapping[str, Any]) -> str:
    """The message that this one replaces, or ""."""
    relation = _inside(words, "m.relates_to")
    return str(relation["event_id"]) if relation.get("rel_type") == "m.replace" else ""


def _inside(event: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """What lies there in an event; nothing if it is not formed like that."""
    found: Any = event
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
