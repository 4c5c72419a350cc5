"""Whether a message is an organiser's own, or only said to be.

A chat service can write in anybody's name, and so can whoever has taken it over. Where messages
can carry a proof (`handlers.message.Proof`), nothing counts without one, and the first key that
proves an organiser's is kept. From then on nothing counts that is not proved with it: no other
device that the service says is theirs, and no true message a second time.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.command import Context, tell_organisers
from handlers.i18n import Translator
from handlers.message import Event, Message, Request, paragraph
from handlers.services import proves_writers, service_of
from storage import audit, organisers, pins
from storage.models import Organiser

# What only a service that lies, or a taken account, brings about; others should hear of it.
_ALARMING = frozenset({"stranger", "unproved", "repeated", "plaintext", "unverified"})


def doubt_about(session: AsyncSession, organiser: Organiser, request: Request) -> str:
    """Why this organiser's request must not be believed; "" if it may. Keeps the first key."""
    if request.doubt:
        return request.doubt
    known, proof = pins.pinned(session, organiser), request.proof
    if proof is None:
        return _unproved(request, known=bool(known))
    if known and known not in proof.keys:
        return "stranger"
    if pins.is_repetition(session, organiser, proof.chain, proof.number):
        return "repeated"
    if not known:
        pins.pin(session, organiser, proof.keys[0])
    return ""


def _unproved(request: Request, *, known: bool) -> str:
    if not known and not proves_writers(service_of(request.platform)):
        return ""
    if request.event is Event.PRESSED:
        return "reaction"
    return "unproved" if known else "unencrypted"


def know(session: AsyncSession, organiser: Organiser, request: Request) -> None:
    """Somebody has just become an organiser with this request: its key is theirs."""
    proof = request.proof
    pins.pin(session, organiser, proof.keys[0] if proof else "")
    if proof:
        pins.is_repetition(session, organiser, proof.chain, proof.number)


async def alarm(ctx: Context, command: str) -> None:
    """Tell all organisers, this one where we know them too, that a command was refused."""
    request = ctx.request
    if request.doubt not in _ALARMING:
        return
    organiser = await organisers.find(ctx.session, service_of(request.platform), request.sender)
    if organiser is None or not organiser.active or not pins.may_alarm(organiser, ctx.now):
        return
    label = f"#{organiser.id}"
    await audit.record(
        ctx.session, action="doubted", subject=label, organiser_id=None, now=ctx.now
    )

    def compose(translator: Translator) -> Message:
        said = translator.t("told-doubted", label=label, name=command)
        return Message(blocks=(paragraph(said),))

    await tell_organisers(ctx.session, ctx.now, compose, except_chat=ctx.subscriber.address_index)
