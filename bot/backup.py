"""`tocsin backup`: a consistent, checked copy while the bot runs. Never copy the file itself."""

from __future__ import annotations

from pathlib import Path

from bot.app import open_storage
from bot.config import Config, without_password


class BackupError(Exception):
    """No backup was made; the message says why and what to do."""


async def backup(config: Config, target: Path) -> str:
    """Write the copy; what to show. Raises `BackupError`."""
    if target.exists():
        raise BackupError(f"{target} is there already. Name a file that does not exist yet.")
    if not target.parent.is_dir():
        raise BackupError(f"The folder {target.parent} does not exist. Create it first.")
    async with open_storage(config) as storage:
        if not storage.database.is_sqlite:
            raise BackupError(
                "PostgreSQL has its own tool. Run: "
                f"pg_dump --format=custom --file={target} {without_password(config.database.url)}"
            )
        await storage.database.copy_to(target)
    return (
        f"Wrote and checked {target}. Keep the key file {config.secrets.key_file} as well, "
        "in another place: without it the copy names nobody, to you neither."
    )
