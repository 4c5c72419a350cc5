"""The platform accounts of a configuration: how each is made, and how fast it may send."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from bot.config import Config, MatrixConfig
from bot.keep import DatabaseKeep
from bot.pacer import Pace
from bot.platforms.base import Platform
from bot.platforms.local import Local
from handlers.services import service_of
from storage import organisers
from storage.database import Database

if TYPE_CHECKING:
    from bot.platforms.matrix import Matrix

Make = Callable[[], Platform]


def accounts(config: Config, database: Database, local: Local | None) -> dict[str, Make]:
    """How to make each platform; what it needs is imported only where it is used."""
    found: dict[str, Make] = {}
    if config.telegram is not None:
        from bot.platforms.telegram import Telegram  # noqa: PLC0415 - 40 MB, only if used

        found["telegram"] = partial(
            Telegram,
            config.telegram.token.reveal(),
            api_url=config.telegram.api_url,
            settle_doubts=config.telegram.settle_doubts,
        )
    for account in config.matrix:
        found[account.name] = partial(matrix_account, account, database)
    if local is not None:
        found["local"] = lambda: local
    return found


def matrix_account(config: MatrixConfig, database: Database) -> Matrix:
    """A Matrix account of a configuration."""
    from bot.platforms.matrix import Matrix  # noqa: PLC0415 - 40 MB, only if used
    from bot.platforms.matrix.doorkeeping import Doorkeeper  # noqa: PLC0415 - as above

    async def knows(user_id: str) -> bool:
        async with database.read() as session:
            organiser = await organisers.find(session, service_of(config.name), user_id)
        return organiser is not None and organiser.active

    return Matrix(
        config.homeserver,
        config.user_id,
        password=config.password.reveal() if config.password else "",
        access_token=config.access_token.reveal() if config.access_token else "",
        store=config.store,
        keep=DatabaseKeep(database, config.name),
        name=config.name,
        door=Doorkeeper(config.groups, knows),
    )


def pace_of(config: Config, platform: str) -> Pace:
    """What a platform's service allows."""
    if platform == "telegram" and config.telegram is not None:
        return Pace(per_second=config.telegram.rate, per_chat=1.0, per_group=20)
    return Pace()
