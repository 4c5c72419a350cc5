"""Whatever happens around a doubtful message, it is never taken for one that has arrived."""

from __future__ import annotations

import asyncio
from collections import Counter

from tests.doubtful_histories import History


async def _live(seeds: range, *, restarts: bool) -> tuple[list[str], Counter[str]]:
    """Through all of these histories; what went wrong in them, and how much was found."""
    wrong: list[str] = []
    counts = Counter[str]()
    for seed in seeds:
        history = History(seed, restarts=restarts)
        async with asyncio.timeout(60):
            await history.run()
        wrong += history.wrong
        counts += history.counts
    return wrong, counts


async def test_nothing_is_found_that_has_not_arrived_and_asking_changes_nothing() -> None:
    wrong, counts = await _live(range(100), restarts=False)

    assert wrong == []
    assert counts["arrived"] > counts["found"] > counts["arrived"] / 4


async def test_after_a_restart_nothing_is_found_that_has_not_arrived() -> None:
    wrong, counts = await _live(range(1000, 1060), restarts=True)

    assert wrong == []
    assert counts["arrived"] > counts["found"] > counts["arrived"] / 2
