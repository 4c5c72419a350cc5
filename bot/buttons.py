"""Button tokens: the command itself, signed for one chat and a time, so nothing must be stored.

A token is "command|hours|signature". It fits Telegram's 64 bytes, says nothing a chat does not
know already, and cannot be made, carried to another chat or used late by anybody else.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace

from handlers.message import Button, Message
from storage.vault import Vault

_SIGNATURE_BYTES = 9  # 72 bits: guesses have to be made online, one request each
_HOUR = 3600


class StaleButtonError(Exception):
    """The button was made for a time that is over."""


class ForeignButtonError(Exception):
    """The token was not made by us for this chat."""


class Signer:
    """Makes and reads the tokens of one installation."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def sign(self, message: Message, platform: str, address: str, now: int) -> Message:
        """The message with a token in each button that stands for a command."""
        rows = tuple(
            tuple(self._with_token(button, platform, address, now) for button in row)
            for row in message.buttons
        )
        return replace(message, buttons=rows)

    def _with_token(self, button: Button, platform: str, address: str, now: int) -> Button:
        if not button.command:
            return button
        command = button.command.removeprefix("/")
        until = format((now + button.lasts) // _HOUR + 1, "x")
        signature = self._signature(platform, address, command, until)
        return replace(button, token=f"{command}|{until}|{signature}")

    def read(self, token: str, platform: str, address: str, now: int) -> str:
        """The command a pressed button stands for, with its "/".

        Raises `ForeignButtonError` or `StaleButtonError`.
        """
        command, _, rest = token.partition("|")
        until, _, signature = rest.partition("|")
        expected = self._signature(platform, address, command, until)
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            raise ForeignButtonError
        if int(until, 16) * _HOUR <= now:
            raise StaleButtonError
        return f"/{command}"

    def _signature(self, *parts: str) -> str:
        digest = self._vault.sign(*parts)[:_SIGNATURE_BYTES]
        return base64.urlsafe_b64encode(digest).decode()
