"""What organisers are told when the embassy directory was refreshed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from handlers import casebook
from handlers.command import tell_organisers
from handlers.countries import country_name
from handlers.i18n import Translator
from handlers.message import Message, bullets, paragraph

_MOST = 10


async def tell_of_missing(session: AsyncSession, lost: Sequence[tuple[str, str]], now: int) -> int:
    """Ask organisers to look at the missions (sending state, host) that no list shows any more.

    Only those of states that a campaign is about; how many organisers were told.
    """
    ours = {campaign.country for campaign in await casebook.campaigns(session)}
    concerned = [(sending, host) for sending, host in dict.fromkeys(lost) if sending in ours]
    if not concerned:
        return 0

    def compose(translator: Translator) -> Message:
        lines = [
            translator.t(
                "directory-missing-line",
                sending=country_name(sending, translator.language),
                host=country_name(host, translator.language),
                codes=f"{sending} {host}",
            )
            for sending, host in concerned[:_MOST]
        ]
        said = translator.t("directory-missing", count=len(concerned))
        return Message(blocks=(paragraph(said), bullets(*lines)))

    return await tell_organisers(session, now, compose)
