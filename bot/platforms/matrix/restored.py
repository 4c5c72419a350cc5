"""Noticing that the encryption store is an old one, put back from a backup, or another device's.

Its keys have moved on since. What is encrypted with old ones nobody can read, and some would be
used twice. So the store carries a number that grows while it is used, and the homeserver is told:
a backup that is put back on this machine, database and all, puts nothing back there.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from aiohttp import ClientError

from bot.platforms.base import Unusable
from bot.platforms.matrix import cross_signing
from bot.platforms.matrix.account import Device
from bot.platforms.matrix.client import SafeClient
from bot.platforms.matrix.http import Http, Refused

log = logging.getLogger(__name__)

_TOLD = "tocsin.store"  # the account data with the number
_REMEDY = (
    "Set password_file for the account, which makes a new device, or access_token_file with the "
    "token of one that nobody has used yet."
)


async def fault(client: SafeClient, http: Http, own: cross_signing.Own) -> Unusable | None:
    """Why the store must not be used; None if it may. Raises what `Http.call` raises."""
    published = (own.device or {}).get("keys", {}).get(f"ed25519:{client.device_id}")
    if published not in {None, client.olm.account.identity_keys["ed25519"]}:
        return Unusable(
            "The encryption keys of the bot's Matrix device are not in its store: they are lost, "
            "or another program has used the device.",
            _REMEDY,
        )
    if _number(client) < await _told(http, client):
        return Unusable(
            "The encryption store of the bot's Matrix device is an old one, put back from a "
            "backup: what it encrypts nobody could read.",
            _REMEDY,
        )
    return None


async def look(client: SafeClient, http: Http, device: Device) -> Unusable | None:
    """The same where nobody has asked yet. Who cannot be asked now is asked again later."""
    try:
        return await fault(client, http, await cross_signing.published(http, device))
    except (Refused, ClientError, TimeoutError):
        return None


async def keep_counting(client: SafeClient, http: Http, store: Path, pause: float) -> None:
    """Let the number grow at each start, and as often as there is something new in the store."""
    counted = 0
    while True:
        if store.stat().st_mtime_ns != counted:
            number = _number(client) + 1
            # In the store first: that it is ahead, after a crash in between, harms nothing.
            client.store.save_sync_token(str(number))
            try:
                await _tell(http, client, number)
            except (Refused, ClientError, TimeoutError) as error:
                log.warning("the store's number could not be told (%s)", type(error).__name__)
            else:
                counted = store.stat().st_mtime_ns
        await asyncio.sleep(pause)


def _number(client: SafeClient) -> int:
    # The place is free: the library would keep its position in the sync there, we do not let it.
    return int(client.store.load_sync_token() or 0)


async def _told(http: Http, client: SafeClient) -> int:
    try:
        answer = await http.call("GET", _path(client))
    except Refused as refused:
        if refused.code == "M_NOT_FOUND":
            return 0
        raise
    number = answer.get("number") if answer.get("device_id") == client.device_id else 0
    return number if isinstance(number, int) else 0


async def _tell(http: Http, client: SafeClient, number: int) -> None:
    body: dict[str, Any] = {"device_id": client.device_id, "number": number}
    await http.call("PUT", _path(client), body)


def _path(client: SafeClient) -> str:
    return f"/user/{client.user_id}/account_data/{_TOLD}"
