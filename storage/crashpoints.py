"""Places where the tests pull the plug: before and after whatever must not be lost or done twice.

`TOCSIN_CRASH_AT=claimed:3` kills the process, as `kill -9` would, when it comes by `claimed` for
the third time. Unarmed, as always in use, passing one costs a comparison. They stand in the lowest
layer, so that every other may have one.
"""

from __future__ import annotations

import os
import signal

_armed = ""
_left = 0


def arm(where: str) -> None:
    """Die at the n-th passage of a point, written "name:n"; "" for never."""
    global _armed, _left  # noqa: PLW0603 - one process, one death
    _armed, _, number = where.partition(":")
    _left = int(number or 1)


def crashpoint(name: str) -> None:
    """Come by the place of this name."""
    global _left  # noqa: PLW0603 - as above
    if name != _armed:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("TOCSIN_CRASH_AT", ""))
