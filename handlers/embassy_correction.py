"""/embassy KZ IE email …: organisers put right how a mission is reached."""

from __future__ import annotations

import re

from handlers import casebook
from handlers.command import Context, UserError
from handlers.contact_answers import kind_of
from handlers.contact_book import Place, mission_place, open_book
from handlers.countries import country_name
from handlers.embassies import Reason, resolve
from handlers.embassy_channels import CHANNELS
from handlers.message import Message
from handlers.targets import entry_of, put_right

_WRITTEN = re.compile(
    rf"\s*([A-Za-z]{{2}})\s+([A-Za-z]{{2}})\s+({'|'.join(CHANNELS)})(?:\s+(.*))?",
    re.IGNORECASE | re.DOTALL,
)


def is_correction(args: str) -> bool:
    """Do these arguments of /embassy change something? Then they are for organisers."""
    return _WRITTEN.fullmatch(args) is not None


async def correct_embassy(ctx: Context) -> Message:
    """Correct one kind of contact of the mission that answers for a country."""
    found = _WRITTEN.fullmatch(ctx.args)
    if found is None:
        raise UserError("embassy-country-unknown", text=ctx.args[:60])
    sending, country, kind = found[1].upper(), found[2].upper(), kind_of(found[3])
    place = await _place(ctx, sending, country)
    said = f"/embassy {sending} {country} {kind}"
    return await put_right(ctx, entry_of(place), kind, found[4] or "", said=said)


async def _place(ctx: Context, sending: str, country: str) -> Place:
    """The mission that readers in the country are shown; else its embassy there, new to us."""
    campaigns = [it for it in await casebook.campaigns(ctx.session) if it.country == sending]
    if not campaigns:
        raise UserError("embassy-no-campaign", code=sending)
    if country_name(country, "en") == country or country == sending:
        raise UserError("embassy-country-unknown", text=country)
    book = await open_book(ctx.session)
    targets = [
        target
        for campaign in campaigns
        for target in await casebook.targets(ctx.session, campaign.id, book)
    ]
    shown = resolve(
        ctx.directory.missions(sending),
        country,
        book.overrides(sending, targets),
        today=ctx.today,
        doubtful=book.doubtful,
    )
    if shown.reason is Reason.NONE:
        return Place(sending=sending, host=country, mission="embassy")
    return mission_place(shown)
