"""Small sealed values that must outlive a restart: a Matrix device, an installation id."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Keepsake
from storage.vault import vault_of


async def load(session: AsyncSession, owner: str, name: str) -> str | None:
    """What was kept under this name, or None."""
    keepsake = await session.get(Keepsake, (owner, name))
    if keepsake is None:
        return None
    return vault_of(session).open(keepsake.value, f"keepsakes.{owner}.{name}")


async def save(session: AsyncSession, owner: str, name: str, value: str) -> None:
    """Keep a value in place of what was there."""
    sealed = vault_of(session).seal(value, f"keepsakes.{owner}.{name}")
    await session.merge(Keepsake(owner=owner, name=name, value=sealed))
