"""/privacy and /forget: what is kept, for how long, and how to make it go away."""

from __future__ import annotations

from dataclasses import replace

from handlers.answers import means
from handlers.command import Context, Role, UserError, command
from handlers.housekeeping import LINKS_KEPT, REPLIES_KEPT
from handlers.message import Button, Code, Heading, Message, bullets, paragraph
from handlers.organisers import record, tell
from handlers.services import service_of
from storage import contacts, organisers, subscribers
from storage.models import Organiser

_DAY = 86400


@command("privacy")
async def privacy(ctx: Context) -> Message:
    """What is stored about this chat, in plain words."""
    kept = bullets(
        ctx.t("privacy-address"),
        ctx.t("privacy-choices"),
        ctx.t("privacy-week"),
        ctx.t("privacy-reports"),
        ctx.t("privacy-deliveries", links=LINKS_KEPT // _DAY, replies=REPLIES_KEPT // _DAY),
        *([ctx.t("privacy-organiser")] if ctx.organiser else []),
    )
    not_kept = bullets(
        ctx.t("privacy-no-names"), ctx.t("privacy-no-words"), ctx.t("privacy-no-list")
    )
    blocks = (
        Heading(ctx.t("privacy-title")),
        kept,
        paragraph(ctx.t("privacy-not")),
        not_kept,
        paragraph(ctx.t("privacy-disk")),
        paragraph(ctx.t(f"privacy-{_platform(ctx)}")),
        paragraph(ctx.t("privacy-forget")),
    )
    button = Button(ctx.t("button-forget"), command="/forget")
    return Message(blocks=blocks, buttons=((button,),))


def _platform(ctx: Context) -> str:
    """Whose eyes, besides ours, see what is written here."""
    known = ("telegram", "matrix")
    service = service_of(ctx.request.platform)
    return service if service in known else "elsewhere"


@command("id", private_only=True)
async def own_id(ctx: Context) -> Message:
    """What to write into the configuration to make this person an owner."""
    name = f"{service_of(ctx.request.platform)}:{ctx.request.sender}"
    return Message(blocks=(paragraph(ctx.t("your-id"), " ", Code(name)),))


@command("forget", who=Role.CHAT_ADMIN)
async def forget(ctx: Context) -> Message:
    """Erase everything about this chat, after asking once; nobody has to agree."""
    organiser = await _organiser_here(ctx)
    if not means(ctx.args, "said-yes"):
        key = "forget-ask-organiser" if organiser and organiser.active else "forget-ask"
        sure = Button(ctx.t("button-forget-sure"), command="/forget yes", lasts=3600)
        return replace(ctx.says(key), buttons=((sure,),))
    if organiser is not None:
        await _leave(ctx, organiser)
    platform, address = ctx.request.platform, ctx.request.address
    await organisers.forget_tries(ctx.session, platform, address)
    await contacts.forget_reporter(ctx.session, ctx.subscriber)
    await subscribers.forget(ctx.session, ctx.subscriber)
    return replace(ctx.says("forgotten"), erase=True)


async def _organiser_here(ctx: Context) -> Organiser | None:
    """The organiser, active or revoked, whose private chat this is."""
    if not ctx.private:
        return None
    return await organisers.find(ctx.session, service_of(ctx.request.platform), ctx.request.sender)


async def _leave(ctx: Context, organiser: Organiser) -> None:
    """Their role ends with it. Raises `UserError` if it may not be them who says so."""
    if organiser.active and ctx.request.doubt:
        raise UserError(f"doubt-{ctx.request.doubt}", name="forget")
    if organiser.active and not organiser.configured:
        await record(ctx, "left", f"#{organiser.id}")
        await tell(ctx, "told-left", label=f"#{organiser.id}")
    await organisers.leave(ctx.session, organiser)
