"""`make bench`: every figure the README gives, measured in one run; exit 1 if a target is missed.

Ratios are of figures taken one after the other on the same machine: seconds differ between
machines and with what else they do, ratios hardly. `--quick` does the same with smaller numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.broadcast import Broadcast, broadcast
from benchmarks.comparison import Rival, rival
from benchmarks.crowd import Crowd, crowd
from benchmarks.ledger import Policy
from benchmarks.table import Row, show

ALLOWED = 30  # messages a second
LATENCY = 0.08  # seconds until Telegram answers, from Europe
WINDOW = Policy(per_second=ALLOWED, latency=LATENCY)
FLOOD_WAIT = Policy(per_second=ALLOWED, shut=3.0, latency=LATENCY)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    paced: int  # chats
    unlimited: int
    rounds: int
    crowd: int
    history: int  # earlier alerts to all of the crowd
    killed_after: int  # notices


FULL = Size(10_000, 5_000, rounds=3, crowd=100_000, history=10, killed_after=20_000)
QUICK = Size(300, 1_000, rounds=1, crowd=20_000, history=2, killed_after=2_000)


async def measure(size: Size) -> list[Row]:
    """All rows. What needs the processor runs alone; the two paced broadcasts hardly do."""
    _say(f"unlimited server, {size.rounds} x {size.unlimited:,} chats, and the bare loops")
    rows = await _unlimited(size)
    _say(f"{size.crowd:,} subscribers, {size.history} alerts behind them")
    _say(_lines(rows))
    of_crowd = _of_crowd(await crowd(size.crowd, size.history, size.killed_after))
    _say(_lines(of_crowd))
    _say(f"two servers that refuse above {ALLOWED} a second, {size.paced:,} chats")
    window, flood_wait = await asyncio.gather(
        broadcast(size.paced, WINDOW, ask_every=1.0),
        broadcast(size.paced, FLOOD_WAIT, ask_every=1.0),
    )
    return [
        *_of_paced("window", window),
        *_of_paced("window, 3 s shut", flood_wait),
        *rows,
        *of_crowd,
    ]


def _of_paced(where: str, took: Broadcast) -> list[Row]:
    figures = took.figures
    delivered = (figures.notices + figures.others - 1) / figures.seconds
    slowest = quantiles(figures.waits, n=100, method="inclusive")[98] * 1000
    cpu = took.cpu_ms * delivered / 10
    return [
        Row.at_least(f"delivered ÷ allowed ({where})", 0.95, delivered / ALLOWED),
        Row.at_most(f"refusals, 429 ({where})", 0, figures.refused),
        Row.at_most(f"reply p99 in mid-broadcast ({where})", 300, slowest, "ms"),
        Row.only(f"processor in mid-broadcast ({where})", cpu, "% of a core"),
    ]


async def _unlimited(size: Size) -> list[Row]:
    ours: list[Broadcast] = []
    rivals: dict[str, list[Rival]] = {"ptb": [], "aiogram": []}
    for _ in range(size.rounds):
        ours.append(await broadcast(size.unlimited, Policy(), unpaced=True))
        for name, took in rivals.items():
            took.append(await rival(name, ours[-1].samples, ours[-1].figures.notices))
    speed = median(it.figures.per_second for it in ours)
    cost = median(it.cpu_ms for it in ours)
    rows = [
        Row.only("Tocsin, durable outbox: messages/s", speed),
        Row.only("Tocsin, durable outbox: processor a message", cost, "ms"),
    ]
    for name, title in (("ptb", "python-telegram-bot"), ("aiogram", "aiogram")):
        their_speed = median(it.per_second for it in rivals[name])
        their_cost = median(it.cpu_ms for it in rivals[name])
        fast = f"messages/s ÷ bare {title} loop"
        cheap = f"processor a message ÷ bare {title} loop"
        if name == "ptb":
            rows.append(Row.at_least(fast, 1.0, speed / their_speed))
            rows.append(Row.at_most(cheap, 1.0, cost / their_cost))
        else:
            rows.append(Row.only(fast, speed / their_speed))
            rows.append(Row.only(cheap, cost / their_cost))
    return rows


def _of_crowd(took: Crowd) -> list[Row]:
    people, enqueued = f"{took.people:,}", took.enqueued
    return [
        Row.at_most(f"enqueue for {people}", 0.5, enqueued.seconds, "s"),
        Row.at_most("event loop stands still meanwhile", 50, enqueued.stall * 1000, "ms"),
        Row.at_most("alert committed to first notice on the wire", 100, took.first * 1000, "ms"),
        Row.at_most(f"memory in mid-broadcast to {people}", 250, took.memory, "MB"),
        Row.at_most(f"ready after a kill with {took.rows:,} rows", 5, took.ready, "s"),
    ]


def _lines(rows: list[Row]) -> str:
    """What is known so far: the whole takes long."""
    return "; ".join(f"{it.what}: {it.result.strip()}" for it in rows)


def _say(what: str) -> None:
    print(f"· {what}", file=sys.stderr, flush=True)


def main() -> int:
    """Measure, print the table, say whether all is well."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="smaller numbers, about a minute")
    rows = asyncio.run(measure(QUICK if options.parse_args().quick else FULL))
    return show(rows)


if __name__ == "__main__":
    sys.exit(main())
