"""Takes all pictures. What shows Matrix needs node, and npm's registry once.

.venv/bin/python -m tests.pictures
"""

from __future__ import annotations

import asyncio

from tests.pictures import built_in, cities


async def main() -> None:
    """One after the other: each uses the demo's port."""
    await built_in.take()
    await cities.take()


if __name__ == "__main__":
    asyncio.run(main())
