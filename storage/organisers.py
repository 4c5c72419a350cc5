"""Organisers: who may prepare and send alerts, known only by the platforms' immutable ids."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Invitation, Organiser
from storage.vault import vault_of

OWNER, ORGANISER = "owner", "organiser"

_SENDER = "organisers.sender"
_ADDRESS = "organisers.address"


async def find(session: AsyncSession, platform: str, sender: str) -> Organiser | None:
    """The organiser with this id, active or revoked."""
    return await session.scalar(
        select(Organiser).where(
            Organiser.platform == platform,
            Organiser.sender_index == vault_of(session).index("person", platform, sender),
        )
    )


async def add(session: AsyncSession, platform: str, sender: str, role: str, now: int) -> Organiser:
    """Make this person an organiser with this role, also one who was revoked."""
    organiser = await find(session, platform, sender)
    if organiser is None:
        organiser = Organiser(
            platform=platform,
            sender=vault_of(session).seal(sender, _SENDER),
            sender_index=vault_of(session).index("person", platform, sender),
            added_at=now,
        )
        session.add(organiser)
    organiser.role, organiser.active = role, True
    await session.flush()
    return organiser


async def keep_owners(session: AsyncSession, owners: Iterable[tuple[str, str]], now: int) -> None:
    """Let exactly these be the owners: the configuration decides, whatever happened in chat."""
    kept = [(await add(session, *owner, OWNER, now)).id for owner in owners]
    former = await session.scalars(
        select(Organiser).where(Organiser.role == OWNER, Organiser.id.not_in(kept))
    )
    for organiser in former:
        organiser.active = False


async def active(session: AsyncSession, roles: Collection[str] = ()) -> list[Organiser]:
    """Everybody who may act now, first added first."""
    statement = select(Organiser).where(Organiser.active).order_by(Organiser.id)
    if roles:
        statement = statement.where(Organiser.role.in_(list(roles)))
    return list(await session.scalars(statement))


async def get(session: AsyncSession, organiser_id: int) -> Organiser | None:
    """One organiser by our own number."""
    return await session.get(Organiser, organiser_id)


def sender_of(session: AsyncSession, organiser: Organiser) -> str:
    """The platform's id of an organiser."""
    return vault_of(session).open(organiser.sender, _SENDER)


def remember_chat(session: AsyncSession, organiser: Organiser, address: str) -> None:
    """Where this organiser can be told things."""
    known = chat_of(session, organiser)
    if known != address:
        organiser.address = vault_of(session).seal(address, _ADDRESS)


def chat_of(session: AsyncSession, organiser: Organiser) -> str:
    """The organiser's private chat with us; "" if they never wrote."""
    if organiser.address is None:
        return ""
    return vault_of(session).open(organiser.address, _ADDRESS)


async def invite(
    session: AsyncSession, code: str, role: str, invited_by: Organiser, expires_at: int
) -> None:
    """Keep a one-time invitation; the code itself is known to its bearer only."""
    session.add(
        Invitation(
            code_index=vault_of(session).index("invitation", code),
            role=role,
            invited_by=invited_by.id,
            expires_at=expires_at,
        )
    )
    await session.flush()


async def redeem(session: AsyncSession, code: str, now: int) -> str:
    """The role a code gives, using it up; "" if it is unknown, used or too old."""
    index = vault_of(session).index("invitation", code)
    invitation = await session.get(Invitation, index)
    if invitation is None:
        return ""
    await session.execute(delete(Invitation).where(Invitation.code_index == index))
    return invitation.role if invitation.expires_at > now else ""
