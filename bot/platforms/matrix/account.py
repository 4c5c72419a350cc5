"""Logging in once, and remembering the device for ever.

The device matters twice: a new one cannot read what was written to the old one, and the homeserver
recognises a repeated message only within one device.
"""

from __future__ import annotations

import json
import logging
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from aiohttp import ClientError

from bot.platforms.base import Keep, Unusable
from bot.platforms.matrix.errors import TOKEN_CODES
from bot.platforms.matrix.http import Http, Refused
from bot.platforms.matrix.patience import Patience

log = logging.getLogger(__name__)

_DEVICE = "device"
_PICKLE_KEY = "pickle_key"
_GIVE_PASSWORD = "Set password_file in the account's section, so that the bot can log in."  # noqa: S105 -- a sentence for the operator
_NO_PASSWORDS = "The homeserver takes no passwords: one logs in on a web page of its own."
_OTHER_WAY = (
    "Get an access token for a new device of the bot's account (the README says how) and set "
    "access_token_file in the account's section."
)
_CHECK_PASSWORD = "Check user_id and password_file in the account's section."  # noqa: S105 -- as above


@dataclass(frozen=True)
class Device:
    """One logged-in device of the bot's account."""

    user_id: str
    device_id: str
    access_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Account:
    """The bot's account as configured, and what is kept about it."""

    homeserver: str
    user_id: str
    password: str = field(repr=False)
    access_token: str = field(repr=False)
    store: Path
    keep: Keep
    device_name: str
    seconds: float = Patience().request  # for one answer

    async def sign_in(self, *, patient: bool = False) -> Device:
        """The kept device, or else a new login. Raises `Unusable`.

        A `patient` caller takes a kept device unchecked while the homeserver cannot be reached,
        or something before it answers in its place: the sync will tell whether it is still good.
        """
        kept = await self._kept()
        try:
            return await self._checked(kept)
        except (Refused, ClientError, TimeoutError) as error:
            if kept and kept.access_token and patient:
                return kept
            if isinstance(error, Refused):
                raise _unexpected(error) from None
            raise Unusable(
                f"The homeserver cannot be reached ({type(error).__name__}).",
                "Check homeserver in [matrix], and that it is running.",
                "unreachable",
            ) from None

    async def sign_in_anew(self, reason: Unusable) -> Device:
        """A new device, for the kept one is spoilt. Raises `reason` where that is impossible."""
        if not self.password:
            raise reason
        log.warning("%s The bot gets a new device.", reason.reason)
        kept = await self._kept()
        if kept is not None:
            await self._log_out(kept)
        try:
            return await self._log_in(None)
        except (Refused, ClientError, TimeoutError):
            raise reason from None

    async def _log_out(self, device: Device) -> None:
        """So that nobody's client goes on encrypting for it. It is as good without."""
        try:
            await self._http(device.access_token).call("POST", "/logout", {})
        except (Refused, ClientError, TimeoutError) as error:
            log.warning("the old device could not be removed (%s)", type(error).__name__)

    async def pickle_key(self) -> str:
        """The random key that the encryption store is sealed with, made on first use."""
        key = await self.keep.load(_PICKLE_KEY)
        if key is None:
            key = secrets.token_urlsafe(32)
            await self.keep.save(_PICKLE_KEY, key)
        return key

    def store_file(self, device: Device) -> Path:
        """The file with this device's encryption keys."""
        return self.store / f"{device.device_id}.db"

    async def _checked(self, kept: Device | None) -> Device:
        # The configured one first: an operator who replaces it means another device.
        tokens = [self.access_token, kept.access_token if kept else ""]
        for token in filter(None, tokens):
            device = await self._recognised(token)
            if device:
                return await self._keep(device)
        if not self.password:
            remedy = _GIVE_PASSWORD if await self._takes_passwords() else _OTHER_WAY
            raise Unusable("The homeserver does not accept the access token.", remedy, "refused")
        return await self._log_in(kept)

    async def _recognised(self, token: str) -> Device | None:
        """The device this token belongs to; None if the homeserver does not know the token."""
        try:
            answer = await self._http(token).call("GET", "/account/whoami")
        except Refused as refused:
            if refused.code in TOKEN_CODES:
                return None
            raise
        if "user_id" not in answer:
            raise Refused(200, answer)
        if answer["user_id"] != self.user_id:
            raise Unusable(
                "The access token belongs to another account.", "Correct user_id in its section."
            )
        if not answer.get("device_id"):
            remedy = _GIVE_PASSWORD if await self._takes_passwords() else _OTHER_WAY
            raise Unusable("The access token belongs to no device.", remedy)
        return Device(self.user_id, str(answer["device_id"]), token)

    async def _log_in(self, kept: Device | None) -> Device:
        """Log in with the password, as the same device if there was one."""
        device_id = kept.device_id if kept else secrets.token_hex(5).upper()
        # Kept before the login, so that a crash in between does not leave a second device.
        await self._keep(Device(self.user_id, device_id))
        try:
            answer = await self._http().call("POST", "/login", self._login(device_id))
        except Refused as refused:
            if not await self._takes_passwords():
                raise Unusable(_NO_PASSWORDS, _OTHER_WAY, "refused") from None
            if refused.code in {"M_FORBIDDEN", "M_USER_DEACTIVATED"}:
                raise Unusable(
                    "The homeserver does not accept the password.", _CHECK_PASSWORD, "refused"
                ) from None
            raise
        if not isinstance(answer.get("access_token"), str):
            raise Refused(200, answer)
        return await self._keep(Device(self.user_id, device_id, answer["access_token"]))

    async def _takes_passwords(self) -> bool:
        """Can one log in with a password here? Homeservers with a login page of their own (OAuth)
        often say no; what is no clear word is no "no".
        """
        try:
            answer = await self._http().call("GET", "/login")
        except Refused as refused:
            return refused.code != "M_UNRECOGNIZED"
        except (ClientError, TimeoutError):
            return True
        flows = answer.get("flows")
        if not isinstance(flows, list):
            return True
        types = [flow.get("type") for flow in flows if isinstance(flow, dict)]
        return "m.login.password" in types

    def _http(self, token: str = "") -> Http:
        return Http(self.homeserver, token, self.seconds)

    def _login(self, device_id: str) -> dict[str, object]:
        return {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": self.user_id},
            "password": self.password,
            "device_id": device_id,
            "initial_device_display_name": self.device_name,
        }

    async def _kept(self) -> Device | None:
        """The kept device; forgotten if its encryption keys are gone and a new one can be made."""
        text = await self.keep.load(_DEVICE)
        device = Device(**json.loads(text)) if text else None
        if device is None or device.user_id != self.user_id:
            return None
        lost = bool(device.access_token) and not self.store_file(device).exists()
        return None if lost and self.password else device

    async def _keep(self, device: Device) -> Device:
        if device.access_token:  # the store begins with the login: see `_kept`
            self.store.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.store_file(device).touch(mode=0o600)
            self.store.chmod(0o700)  # it may have been put back from a backup, open to others
            self.store_file(device).chmod(0o600)
        await self.keep.save(_DEVICE, json.dumps(asdict(device)))
        return device


def _unexpected(refused: Refused) -> Unusable:
    return Unusable(
        f"The homeserver answered {refused}.",
        "Check homeserver in the account's section; if it is right, wait and start again.",
        "unreachable",
    )
