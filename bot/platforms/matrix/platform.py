"""Matrix as a `Platform`: one account, one device, any number of rooms."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientError

from bot.platforms.base import (
    Keep,
    PlatformError,
    Receive,
    RecipientGone,
    Rejected,
    TryLater,
    Unusable,
)
from bot.platforms.matrix import content, cross_signing, restored
from bot.platforms.matrix.account import Account, Device
from bot.platforms.matrix.client import SafeClient
from bot.platforms.matrix.doorkeeping import Doorkeeper
from bot.platforms.matrix.errors import (
    TOKEN_CODES,
    NotSent,
    from_answer,
    from_exception,
    is_error,
    is_not_found,
    token_refused,
)
from bot.platforms.matrix.http import Http, Refused
from bot.platforms.matrix.invitations import Invitations
from bot.platforms.matrix.patience import Patience
from bot.platforms.matrix.sync import Sync
from bot.platforms.matrix.translation import NAME, alone, kind_of
from bot.platforms.matrix.warmth import Warmth
from bot.render.matrix import choices_of
from bot.render.split import split_message
from handlers.message import ChatKind, Message

log = logging.getLogger(__name__)

_PATIENCE = Patience()
_DOOR = Doorkeeper()


class Matrix:
    """The bot on Matrix; use as a context manager, then `listen` and `send`."""

    idempotent = True  # the homeserver keeps transaction ids per device for about a day
    lookup = None

    def __init__(
        self,
        homeserver: str,
        user_id: str,
        *,
        password: str = "",
        access_token: str = "",
        store: Path,
        keep: Keep,
        name: str = NAME,
        device_name: str = "Tocsin",
        door: Doorkeeper = _DOOR,
        patience: Patience = _PATIENCE,
    ) -> None:
        self.name = name
        self._keep = keep
        self._patience = patience
        self._door = door
        self._account = Account(
            homeserver,
            user_id,
            password,
            access_token,
            store,
            keep,
            device_name,
            patience.request,
        )
        self._device: Device
        self._client: SafeClient
        self._invitations: Invitations
        self._sync: Sync
        self._warmth: Warmth
        self._vouched = False  # has the account signed this device?

    def __repr__(self) -> str:
        return f"Matrix({self._account.homeserver!r})"

    async def __aenter__(self) -> Self:
        """Log in, or take up the kept device, and open the encryption store."""
        self._device = await self._account.sign_in(patient=True)
        self._client = await self._opened()
        spoilt = await restored.look(self._client, self._http(), self._device)
        if spoilt is not None:
            await self._client.close()
            self._device = await self._account.sign_in_anew(spoilt)
            self._client = await self._opened()
        patience = self._patience
        self._invitations = Invitations(self._client, self._keep, self._door, patience.join_again)
        self._sync = Sync(
            self._client,
            self._keep,
            self._invitations,
            self._set_up,
            patience,
            name=self.name,
        )
        self._warmth = Warmth(self._client, patience)
        await self._invitations.load()
        await self._sync.load()
        return self

    async def _opened(self) -> SafeClient:
        """The client with the device's encryption store."""
        account, key = self._account, await self._account.pickle_key()
        file = account.store_file(self._device)
        return SafeClient(account.homeserver, self._device, file, key, self._patience)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections and the encryption store."""
        await self._sync.choices.close()
        await self._client.close()

    async def describe(self) -> str:
        """Who the bot is on the homeserver, asked there. Raises `Unusable`."""
        device = await self._account.sign_in()
        return f"{device.user_id} on {self._account.homeserver}, device {device.device_id}"

    async def identity(self) -> cross_signing.Own:
        """What the homeserver publishes about the account. Raises `Unusable`."""
        device = await self._account.sign_in()
        http = Http(self._account.homeserver, device.access_token, self._patience.request)
        try:
            return await cross_signing.published(http, device)
        except (Refused, ClientError, TimeoutError) as error:
            raise Unusable(
                f"The account's keys cannot be asked for ({type(error).__name__}).",
                "Check homeserver in the account's section, and that it is running.",
            ) from None

    async def listen(self, receive: Receive, since: str | None) -> None:
        """Hand over everything that happens, and join the rooms the bot is invited to."""
        tasks = [
            asyncio.create_task(self._sync.run(receive, since)),
            asyncio.create_task(self._invitations.run()),
            asyncio.create_task(self._keep_vouching()),
            asyncio.create_task(self._keep_counting()),
            asyncio.create_task(self._warmth.keep(self._sync.ready)),
            asyncio.create_task(self._sync.verifications.run(self._sync.ready)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def split(self, message: Message) -> Sequence[Message]:
        """The message in parts of one event each."""
        return split_message(message, content.fits)

    async def send(self, address: str, message: Message, *, key: str) -> str:
        """Send one part; the same key twice is one message and the same reference."""
        await self._may_send(address)
        ref = await self._carried(self._send(address, message, key))
        if message.answers is not None and self._is_private(address):  # somebody waits to choose
            self._sync.choices.offer(address, ref, len(choices_of(message)), key)
        return ref

    async def edit(self, address: str, ref: str, message: Message, *, key: str) -> None:
        """Replace the text of a message sent before."""
        await self._may_send(address)
        # A key of its own: the homeserver would take an edit with the message's key for a repeat.
        edited = content.edit(message, ref, private=self._is_private(address))
        await self._carried(self._post(address, edited, f"edit.{key}"))

    async def retract(self, address: str, ref: str) -> None:
        """Take a message back."""
        await self._may_send(address)
        await self._carried(self._redact(address, ref))

    # ------------------------------------------------------------------------------ sending

    async def _may_send(self, address: str) -> None:
        """Wait for the rooms to be known; say what it means if this one is not among them."""
        try:
            async with asyncio.timeout(self._patience.ready):
                await self._sync.ready.wait()
        except TimeoutError:
            raise TryLater("the first sync is not done yet", retry_after=5) from None
        room = self._client.rooms.get(address)
        if room is not None and not alone(room):
            return
        if self._invitations.expects(address):
            raise TryLater("the room is about to be joined", retry_after=30)
        raise RecipientGone("the bot is not in this room, or nobody else is")

    async def _carried(self, sending: Any) -> str:  # noqa: ANN401 -- a coroutine
        """The result of a sending. Whatever fails is told as one of our errors: the library
        stumbles in many ways over answers that are none.
        """
        try:
            async with asyncio.timeout(self._patience.send):
                return str(await sending)
        except Exception as error:
            raise from_exception(error) from None

    async def _send(self, address: str, message: Message, key: str) -> str:
        if message.attachments:
            return await self._post(address, await self._uploaded(address, message), key)
        words = content.text(message, private=self._is_private(address))
        return await self._post(address, words, key)

    async def _post(self, address: str, body: dict[str, Any], key: str) -> str:
        answer = await self._client.room_send(address, "m.room.message", body, tx_id=key)
        if is_error(answer):
            error = from_answer(answer)
            if isinstance(error, TryLater) and error.flood:
                self._sync.choices.restrain()
            raise error
        return str(answer.event_id)

    def _is_private(self, address: str) -> bool:
        room = self._client.rooms.get(address)
        return room is not None and kind_of(room) is ChatKind.PRIVATE

    async def _redact(self, address: str, ref: str) -> str:
        # What changed it holds its words too, and goes first: without the message none is found.
        for event_id in [*await self._client.own_edits(address, ref), ref]:
            answer = await self._client.room_redact(address, event_id, tx_id=f"retract.{event_id}")
            if is_error(answer) and not is_not_found(answer):
                raise from_answer(answer)
        return ref

    async def _uploaded(self, address: str, message: Message) -> dict[str, Any]:
        """Upload the part's file, encrypted where the room is; its event's content."""
        if len(message.attachments) > 1:
            raise Rejected("one file per part")
        attachment = message.attachments[0]
        raw = attachment.text.encode()
        encrypt = self._client.rooms[address].encrypted or address in self._client.ever_encrypted
        uploading = self._client.upload(
            io.BytesIO(raw),
            content_type=attachment.mime,
            filename=None if encrypt else attachment.filename,
            encrypt=encrypt,
            filesize=len(raw),
        )
        try:
            async with asyncio.timeout(self._patience.request):  # the library sets no limit
                answer, sealed = await uploading
        except (ClientError, TimeoutError) as error:  # a file nobody points to harms nobody
            raise NotSent(f"the file is on the way ({type(error).__name__})") from None
        if is_error(answer):
            raise _not_uploaded(answer)
        private = self._is_private(address)
        return content.file(message, attachment, answer.content_uri, sealed, private=private)

    # ------------------------------------------------------------------------------- set-up

    async def _set_up(self) -> None:
        """Publish the device's keys, and have the account sign them."""
        olm = self._client.olm
        try:
            own = await cross_signing.published(self._http(), self._device)
            spoilt = await restored.fault(self._client, self._http(), own)
        except Refused as refused:
            if refused.code in TOKEN_CODES:
                raise token_refused() from None
            raise NotSent(f"our own keys cannot be asked for ({refused})") from None
        if spoilt is not None:
            raise spoilt
        if own.device is None:  # never published, or logged out since: then it must be again
            olm.account.shared = False
        await self._client.tend_keys()
        if not olm.account.shared:
            raise NotSent("the homeserver did not take the device's keys")
        await self._vouch()

    async def _vouch(self) -> None:
        """Without this the bot still works, but strict clients hide what it writes."""
        try:
            self._vouched = await cross_signing.establish(
                self._http(),
                self._keep,
                self._device,
                password=self._account.password,
                sign_as_device=lambda thing: str(self._client.olm.sign_json(dict(thing))),
            )
        except cross_signing.Unconfirmed as error:
            log.warning("the account could not sign its device: %s", error)
        except (Refused, ClientError, TimeoutError) as error:
            log.warning("the account could not sign its device (%s)", type(error).__name__)
        self._sync.verifications.master = await cross_signing.own_master(self._keep)

    async def _keep_vouching(self) -> None:
        while True:
            await asyncio.sleep(self._patience.vouch_again)
            if not self._vouched:
                await self._vouch()

    async def _keep_counting(self) -> None:
        await self._sync.ready.wait()  # by then the store is known to be good
        file, pause = self._account.store_file(self._device), self._patience.count_again
        await restored.keep_counting(self._client, self._http(), file, pause)

    def _http(self) -> Http:
        return Http(self._account.homeserver, self._device.access_token, self._patience.request)


def _not_uploaded(answer: Any) -> PlatformError | NotSent:  # noqa: ANN401 -- the library has no types
    """A file is refused for its own sake: that says nothing about the room it was for."""
    error = from_answer(answer)
    if isinstance(error, RecipientGone | Rejected):
        return Rejected("the homeserver does not take the file")
    return NotSent("the file could not be uploaded", answer)
