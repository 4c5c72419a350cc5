"""Talking to the supervisor: systemd's notification protocol, a datagram with a few words.

Without NOTIFY_SOCKET in the environment there is nobody to talk to, and nothing happens.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress


class Supervisor:
    """Says how the process is to whoever started it."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        microseconds = environment.get("WATCHDOG_USEC", "0")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._watched = ours and microseconds.isdigit() and int(microseconds) > 0

    def ready(self) -> None:
        """Everything is connected or standing by."""
        self._say("READY=1")

    def status(self, words: str, *, alive: bool) -> None:
        """How it goes; `alive` is also a heartbeat, whose absence means: restart us."""
        lines = [f"STATUS={words}".replace("\n", " ")]
        self._say("\n".join([*lines, "WATCHDOG=1"] if alive and self._watched else lines))

    def stopping(self) -> None:
        """We end in order."""
        self._say("STOPPING=1")

    def _say(self, words: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.settimeout(0)  # never wait for a supervisor that does not read
            line.sendto(words.encode(), self._address)
