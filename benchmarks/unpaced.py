"""`tocsin run` without the pacer's gaps: how fast could it be, if the service let it?

Only the rate differs from the real program. It is no setting, because no service allows it.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from bot.config import load_config
from bot.log import set_up
from bot.process import run


def main(path: Path) -> None:
    """Run until stopped."""
    config = load_config(path)
    set_up(config.log.level, config.log.format)
    assert config.telegram is not None  # noqa: S101 - benchmarks always configure it
    asyncio.run(run(replace(config, telegram=replace(config.telegram, rate=0.0))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
