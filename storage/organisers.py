"""Organisers: who may prepare and send alerts, known only by the platforms' immutable ids."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Alert, AlertState, Approval, Dialogue, Invitation, Organiser
from storage.vault import vault_of

OWNER, ORGANISER = "owner", "organiser"

_SENDER = "organisers.sender"
_ADDRESS = "organisers.address"


async def find(session: AsyncSession, service: str, sender: str) -> Organiser | None:
    """The organiser with this id, active or revoked, whichever account there they write to."""
    index = vault_of(session).index("person", service, sender)
    return await session.scalar(select(Organiser).where(Organiser.sender_index == index))


async def add(session: AsyncSession, service: str, sender: str, role: str, now: int) -> Organiser:
    """Make this person an organiser with this role, also one who was revoked."""
    organiser = await find(session, service, sender)
    if organiser is None:
        organiser = Organiser(
            platform=service,
            sender=vault_of(session).seal(sender, _SENDER),
            sender_index=vault_of(session).index("person", service, sender),
        )
        session.add(organiser)
    if not organiser.active:
        organiser.added_at = now
        organiser.pinned = None
    organiser.role, organiser.active = role, True
    await session.flush()
    return organiser


async def keep_owners(session: AsyncSession, owners: Iterable[tuple[str, str]], now: int) -> None:
    """Let exactly these be owners by configuration; one no longer named there is one no more."""
    named = [await add(session, *owner, OWNER, now) for owner in owners]
    for organiser in named:
        organiser.configured = True
    await session.flush()
    former = await session.scalars(
        select(Organiser).where(
            Organiser.configured, Organiser.id.not_in([organiser.id for organiser in named])
        )
    )
    for organiser in list(former):
        organiser.configured = False
        await revoke(session, organiser)


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
    """The platform's id of an organiser; "" if they had themselves forgotten."""
    return vault_of(session).open(organiser.sender, _SENDER)


def remember_chat(
    session: AsyncSession, organiser: Organiser, platform: str, address: str
) -> None:
    """Where this organiser can be told things, and through which account."""
    if (organiser.platform, chat_of(session, organiser)) != (platform, address):
        organiser.platform = platform
        organiser.address = vault_of(session).seal(address, _ADDRESS)
        organiser.chat_index = vault_of(session).index(platform, address)


def chat_of(session: AsyncSession, organiser: Organiser) -> str:
    """The organiser's private chat with us; "" if they never wrote."""
    if organiser.address is None:
        return ""
    return vault_of(session).open(organiser.address, _ADDRESS)


# ------------------------------------------------------------------------------- coming


async def invite(
    session: AsyncSession,
    code: str,
    role: str,
    *,
    invited_by: Organiser,
    expires_at: int,
    now: int,
) -> None:
    """Keep a one-time invitation; the code itself is known to its bearer only."""
    await session.execute(delete(Invitation).where(Invitation.expires_at <= now))
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
    """The role a code gives, using it up.

    "" if it is unknown, used, too old, or from somebody who could not give that role any more.
    """
    index = vault_of(session).index("invitation", code)
    found = await session.execute(
        delete(Invitation)
        .where(Invitation.code_index == index)
        .returning(Invitation.role, Invitation.invited_by, Invitation.expires_at)
    )
    row = found.first()
    if row is None or row.expires_at <= now:
        return ""
    inviter = await get(session, row.invited_by)
    return row.role if inviter and inviter.active and inviter.role == OWNER else ""


async def withdraw_invitations(session: AsyncSession) -> None:
    """Make every code that has not been used yet worthless."""
    await session.execute(delete(Invitation))


async def count_try(
    session: AsyncSession, platform: str, address: str, within: int, now: int
) -> int:
    """How often this chat has tried a code within so many seconds, this time included."""
    key = _tries_of(session, platform, address)
    row = await session.get(Dialogue, key)
    if row is None or row.expires_at <= now:
        await session.merge(Dialogue(chat=key, question="1", expires_at=now + within))
        return 1
    row.question = str(int(row.question) + 1)
    return int(row.question)


async def forget_tries(session: AsyncSession, platform: str, address: str) -> None:
    """Erase that this chat ever tried a code."""
    key = _tries_of(session, platform, address)
    await session.execute(delete(Dialogue).where(Dialogue.chat == key))


def _tries_of(session: AsyncSession, platform: str, address: str) -> bytes:
    return vault_of(session).index("tries", platform, address)


# -------------------------------------------------------------------------------- going


async def revoke(session: AsyncSession, organiser: Organiser) -> None:
    """Take the role away, and with it every yes to an alert that still waits for others."""
    organiser.active = False
    drafts = select(Alert.id).where(Alert.state == AlertState.DRAFT)
    await session.execute(
        delete(Approval)
        .where(Approval.organiser_id == organiser.id, Approval.alert_id.in_(drafts))
        .execution_options(synchronize_session=False)
    )
    await session.flush()


async def leave(session: AsyncSession, organiser: Organiser) -> None:
    """Forget a person who was an organiser; an owner named in the configuration stays, without
    a chat.

    The row stays, empty: its number stands in the audit log and must not become another's.
    """
    organiser.address = organiser.chat_index = organiser.pinned = organiser.heard = None
    if not organiser.configured:
        await revoke(session, organiser)
        organiser.sender = vault_of(session).seal("", _SENDER)
        organiser.sender_index = secrets.token_bytes(16)
    await session.flush()
