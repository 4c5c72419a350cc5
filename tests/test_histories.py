"""Long histories made up at random: whatever happens in whatever order, the promises hold.

Real storage, handlers, intake, relays, pacers and scheduler; the chat services are models
(service.py), time moves only when the history says so (still_loop.py), and what must come of it
is worked out a second time (expectations.py, accounts.py, closing.py).

`HISTORIES=500 .venv/bin/pytest tests/test_histories.py` tries as many others. What fails is
printed as a list of steps, and with the line `@reproduce_failure(…)` that replays it.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from handlers.command import Rules
from handlers.message import ChatKind, Event
from storage.models import Alert, AlertState, Hearing
from tests.accounts import Accounts
from tests.closing import Closing, waiting
from tests.conftest import _run as in_a_thread
from tests.conftest import named, run_sql
from tests.expectations import CASES, COUNTRY, Reader, Sitting
from tests.service import Fate
from tests.still_loop import StillLoop
from tests.town import Town

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR, DAY = 60, 3600, 86400
FATES = [it for it in Fate if it not in (Fate.MOVED, Fate.GONE)]
ROUNDS = 400  # more than any drain needs


def _people() -> list[Reader]:
    """Two organisers, five people and two groups."""
    return [
        Reader("olga", "telegram", "olga", organises=True),
        Reader("oskar", "matrix", "oskar", organises=True),
        Reader("anna", "telegram", "anna-c0a1"),
        Reader("boris", "telegram", "boris-c0a2", language="ru"),
        Reader("clara", "telegram", "clara-c0a3"),
        Reader("square", "telegram", "square-c0a4", kind=ChatKind.GROUP),
        Reader("daria", "matrix", "daria-c0a5", language="ru"),
        Reader("emil", "matrix", "emil-c0a6"),
        Reader("room", "matrix", "room-c0a7", kind=ChatKind.GROUP),
    ]


somebody = st.integers(2, 8)
some_case = st.sampled_from(sorted(CASES))
something = st.sampled_from([("all", ""), ("country", COUNTRY), *(("case", it) for it in CASES)])
which = st.integers(0, 9)


class Histories(RuleBasedStateMachine):
    """Everything that may happen to one installation."""

    new_database: Callable[[], str]

    def __init__(self) -> None:
        super().__init__()
        self.loop = StillLoop()
        self.readers = _people()
        self.births = itertools.count(1)
        self.tokens = itertools.count(1)
        self.sittings: list[Sitting] = []
        self.failed = True

    @initialize(approvals=st.sampled_from([1, 1, 2]), cooldown=st.sampled_from([0, 0, 20]))
    def begin(self, approvals: int, cooldown: int) -> None:
        async def begin() -> None:
            self.town = Town(self.new_database(), self.loop, Rules(approvals, cooldown))
            self.accounts = Accounts(self.town, self.readers)
            await self.town.begin()
            for organiser in self.readers[:2]:
                await self._says(organiser, "/language en")
            await self.town.serve(3)
            await self.accounts.look()

        self.run(begin())

    def run(self, doing: Coroutine[Any, Any, None]) -> None:
        self.failed = True
        self.loop.run_until_complete(doing)
        self.failed = False

    def do(self, doing: Coroutine[Any, Any, None]) -> None:
        """One step, and a look at what has come of it."""

        async def step() -> None:
            await doing
            await self.town.bury()
            await self.accounts.look()

        self.run(step())

    @property
    def now(self) -> int:
        return self.town.clock()

    # ------------------------------------------------------------------------- readers

    async def _says(self, reader: Reader, text: str) -> None:
        """They write, and are answered once."""
        reader.replies_most += 1
        reader.replies_least += 1
        if not reader.known:
            reader.known, reader.born = True, next(self.births)
        await self.town.says(reader, text)
        reader.heard_again()

    @rule(who=somebody, what=something)
    def subscribes(self, who: int, what: tuple[str, str]) -> None:
        async def step() -> None:
            await self._subscribe(self.readers[who], *what)

        self.do(step())

    async def _subscribe(self, reader: Reader, kind: str, value: str) -> None:
        await self._says(reader, f"/subscribe {value or kind}")
        reader.follow(kind, value)

    @rule()
    def everybody_subscribes(self) -> None:
        async def step() -> None:
            for number, reader in enumerate(self.readers[2:]):
                if not reader.known:
                    await self._subscribe(reader, "all", "")
                    if number % 3 == 0:
                        await self._says(reader, "/notices urgent")
                        reader.urgent_only = True
            await self.town.serve(2)

        self.do(step())

    @rule(
        who=somebody,
        words=st.sampled_from(["/language ru", "/language en", "/country GB", "/quiet 22-7"]),
    )
    def changes(self, who: int, words: str) -> None:
        async def step() -> None:
            reader = self.readers[who]
            await self._says(reader, words)
            if words.startswith("/language"):
                reader.language = words[-2:]
            for told in self.accounts.told.values():
                told.shifted.add(reader)

        self.do(step())

    @rule(who=somebody, urgent=st.booleans())
    def wants_only_what_is_urgent(self, who: int, urgent: bool) -> None:  # noqa: FBT001
        async def step() -> None:
            reader = self.readers[who]
            await self._says(reader, "/notices urgent" if urgent else "/notices all")
            reader.urgent_only = urgent

        self.do(step())

    @rule(who=somebody, what=something)
    def stops_something(self, who: int, what: tuple[str, str]) -> None:
        async def step() -> None:
            reader = self.readers[who]
            _, value = what
            await self._says(reader, f"/unsubscribe {value or ''}".strip())
            if value and what not in reader.follows:
                return
            reader.unfollow(*([what] if value else []))
            self.accounts.drop(reader, "stopped")

        self.do(step())

    @rule(who=somebody, hours=st.sampled_from([1, 30]))
    def pauses(self, who: int, hours: int) -> None:
        async def step() -> None:
            reader = self.readers[who]
            until = self.now + hours * HOUR
            await self._says(reader, f"/pause {hours}h")
            if reader.follows:
                reader.state, reader.paused_until = "paused", until
                self.accounts.drop(reader, "paused")

        self.do(step())

    @rule(who=somebody)
    def resumes(self, who: int) -> None:
        async def step() -> None:
            reader = self.readers[who]
            await self._says(reader, "/resume")
            if reader.follows:
                reader.state = "active"

        self.do(step())

    @rule(who=somebody)
    def is_forgotten(self, who: int) -> None:
        async def step() -> None:
            reader = self.readers[who]
            await self._says(reader, "/forget yes")
            reader.replies_least -= 1  # those before it are erased, the last word is not
            self.accounts.forgotten(reader)
            reader.replies_least += 1

        self.do(step())

    @rule(who=somebody, told=st.booleans())
    def blocks(self, who: int, told: bool) -> None:  # noqa: FBT001
        async def step() -> None:
            reader = self.readers[who]
            self.town.services[reader.service].blocked.add(reader.address)
            if told:
                await self.town.update(reader, event=Event.REMOVED)
                self.accounts.lost(reader)

        self.do(step())

    @rule(who=somebody)
    def unblocks(self, who: int) -> None:
        async def step() -> None:
            reader = self.readers[who]
            blocked = self.town.services[reader.service].blocked
            if reader.address not in blocked:
                return
            blocked.remove(reader.address)
            if not reader.known:
                reader.known, reader.born = True, next(self.births)
                reader.replies_least += 1
                reader.replies_most += 1
            await self.town.update(reader, event=Event.ADDED)
            reader.heard_again()

        self.do(step())

    @rule()
    def the_group_moves(self) -> None:
        async def step() -> None:
            reader = self.readers[5]
            old, new = reader.address, f"square-c0a4-{len(reader.addresses)}"
            service = self.town.services[reader.service]
            if old in service.blocked:
                return
            service.moved[old] = new
            reader.addresses.append(new)
            await self.town.update(reader, event=Event.MOVED, moved_to=new)
            reader.address = new

        self.do(step())

    @rule()
    def an_update_comes_twice(self) -> None:
        self.do(self.town.repeat_update())

    # ---------------------------------------------------------------------- organisers

    async def _alerts(self, *states: AlertState) -> list[Alert]:
        async with self.town.process.database.read() as session:
            rows = await session.scalars(
                select(Alert).where(Alert.state.in_(states)).order_by(Alert.id)
            )
            return list(rows)

    def _words(self, length: int) -> str:
        name = f"T{next(self.tokens)}x"
        return f"{name} headline\n" + "\n\n".join(f"{name} line {it}." for it in range(length))

    @rule(case=some_case, length=st.sampled_from([1, 5, 12]), at_once=st.booleans())
    def alerts(self, case: str, length: int, at_once: bool) -> None:  # noqa: FBT001
        async def step() -> None:
            olga = self.readers[0]
            await self._says(olga, f"/alert {case} {self._words(length)}")
            await self.town.serve(0.5)
            if at_once:
                await self._agree((await self._alerts(AlertState.DRAFT))[-1].id)

        self.do(step())

    async def _agree(self, alert: int) -> None:
        for organiser in self.readers[: self.town.rules.approvals]:
            await self._says(organiser, f"/approve {alert}")

    async def _of(self, number: int, *states: AlertState) -> Alert | None:
        found = await self._alerts(*states)
        return found[-1 - number % len(found)] if found else None

    @rule(number=which)
    def approves(self, number: int) -> None:
        async def step() -> None:
            alert = await self._of(number, AlertState.DRAFT)
            if alert is not None:
                former = alert.corrects_id
                await self._agree(alert.id)
                await self._replaced(alert.id, former)

        self.do(step())

    async def _replaced(self, alert: int, root: int | None) -> None:
        """A correction that has started takes the place of what was sent before."""
        if root is None:
            return
        started = [it.id for it in await self._alerts(AlertState.SENDING)]
        if alert in started:
            self._call_off(root)

    def _call_off(self, root: int) -> None:
        for told in self.accounts.told.values():
            if told.alert == root:
                told.excuse_all("taken back")

    @rule(number=which, minutes=st.sampled_from([1, 10, 60, 3000]))
    def schedules(self, number: int, minutes: int) -> None:
        async def step() -> None:
            alert = await self._of(number, AlertState.DRAFT)
            if alert is not None:
                at = datetime.fromtimestamp(self.now, UTC) + timedelta(minutes=minutes)
                await self._says(self.readers[0], f"/schedule {alert.id} {at:%Y-%m-%d %H:%M}")
                if self.town.rules.approvals > 1:
                    await self._says(self.readers[1], f"/approve {alert.id}")

        self.do(step())

    @rule(number=which)
    def cancels(self, number: int) -> None:
        async def step() -> None:
            alert = await self._of(
                number, AlertState.DRAFT, AlertState.SCHEDULED, AlertState.SENDING
            )
            if alert is not None:
                await self._says(self.readers[0], f"/cancel {alert.id}")
                if alert.notice_id:
                    self.accounts.told[alert.notice_id].excuse_all("cancelled")

        self.do(step())

    @rule(number=which, length=st.sampled_from([1, 12]))
    def corrects(self, number: int, length: int) -> None:
        async def step() -> None:
            alert = await self._of(number, AlertState.SENDING, AlertState.SENT)
            if alert is not None:
                before = len(await self._alerts(AlertState.DRAFT))
                await self._says(self.readers[0], f"/correct {alert.id} {self._words(length)}")
                drafts = await self._alerts(AlertState.DRAFT)
                if len(drafts) > before:
                    new = drafts[-1]
                    await self._agree(new.id)
                    await self._replaced(new.id, new.corrects_id)

        self.do(step())

    @rule(number=which)
    def retracts(self, number: int) -> None:
        async def step() -> None:
            alert = await self._of(number, AlertState.SENDING, AlertState.SENT)
            if alert is not None:
                await self._says(self.readers[0], f"/retract {alert.id} It was wrong.")
                self._call_off(alert.corrects_id or alert.id)

        self.do(step())

    @rule(number=which, word=st.sampled_from(["continue", "discard", "resend"]))
    def decides(self, number: int, word: str) -> None:
        async def step() -> None:
            told = list(self.accounts.told.values())
            if told:
                chosen = told[-1 - number % len(told)]
                await self._says(self.readers[0], f"/{word} {chosen.number}")
                if word == "discard":
                    chosen.excuse_all("discarded")

        self.do(step())

    # ------------------------------------------------------------------------ hearings

    @rule(case=some_case, days=st.integers(0, 9), hour=st.sampled_from([1, 2, 3, 10, 23]))
    def announces_a_hearing(self, case: str, days: int, hour: int) -> None:
        async def step() -> None:
            token = f"Court{next(self.tokens)}x"
            day = datetime.fromtimestamp(self.now, BERLIN) + timedelta(days=days)
            when = f"{day:%Y-%m-%d} {hour:02}:30"
            now = self.now
            await self._says(self.readers[0], f"/hearing add {case} {when} {token}")
            for row in await self._hearings():
                if row.number not in {it.number for it in self.sittings}:
                    row.plan(now, anew=True)
                    self.sittings.append(row)

        self.do(step())

    async def _hearings(self) -> list[Sitting]:
        """The hearings as they are written down; when they are is worked out here."""
        async with self.town.process.database.read() as session:
            rows = list(await session.scalars(select(Hearing).order_by(Hearing.id)))
        return [
            Sitting(it.id, it.case_id, it.local, _instant(it), version=it.version) for it in rows
        ]

    @rule(number=which, days=st.integers(0, 9), hour=st.sampled_from([1, 3, 11]))
    def moves_a_hearing(self, number: int, days: int, hour: int) -> None:
        async def step() -> None:
            if self.sittings:
                sitting = self.sittings[number % len(self.sittings)]
                day = datetime.fromtimestamp(self.now, BERLIN) + timedelta(days=days)
                when, now = f"{day:%Y-%m-%d} {hour:02}:00", self.now
                await self._says(self.readers[0], f"/hearing move {sitting.number} {when}")
                await self._changed(sitting, now)

        self.do(step())

    async def _changed(self, sitting: Sitting, now: int) -> None:
        """A new version of a hearing takes the place of what was told of the old one."""
        (row,) = [it for it in await self._hearings() if it.number == sitting.number]
        if row.version == sitting.version:
            return
        sitting.version, sitting.starts_at = row.version, row.starts_at
        sitting.plan(now, anew=False)
        for told in self.accounts.told.values():
            if told.hearing == sitting.number:
                told.excuse_all("outdated")

    @rule(number=which)
    def calls_a_hearing_off(self, number: int) -> None:
        async def step() -> None:
            if self.sittings:
                sitting = self.sittings[number % len(self.sittings)]
                await self._says(self.readers[0], f"/hearing cancel {sitting.number}")
                before = sitting.version
                await self._changed(sitting, self.now)
                if sitting.version != before:
                    sitting.waiting.clear()

        self.do(step())

    # ---------------------------------------------------------------------------- time

    async def _tick(self) -> None:
        """The scheduler ticks; what it tells is what had to be told now."""
        now, waits = self.now, {}
        for alert in await self._alerts(AlertState.SCHEDULED):
            if (alert.send_at or 0) <= now:
                waits[alert.id] = alert.corrects_id
        due = sorted(self.sittings, key=lambda it: (it.starts_at, it.number))
        expected = [(it.number, point) for it in due if (point := it.tick(now))]
        await self.town.tick()
        for alert_id, root in waits.items():
            await self._replaced(alert_id, root)
        new = await self.accounts.look()
        reminded = [(it.hearing, it.point) for it in new if it.kind == "reminder"]
        assert reminded == expected, f"reminded of {reminded}, not of {expected}"
        late = [it for it in await self._alerts(AlertState.SCHEDULED) if (it.send_at or 0) <= now]
        assert not late, "an alert did not start"
        for reader in self.readers:
            if reader.state == "paused" and reader.paused_until <= now:
                reader.state = "active"

    @rule(seconds=st.sampled_from([0.2, 1, 5, 20]))
    def all_goes_well(self, seconds: float) -> None:
        async def step() -> None:
            await self.town.serve(seconds)
            await self.accounts.look()
            await self._tick()

        self.do(step())

    @rule(seconds=st.sampled_from([1, 30, 10 * MINUTE, HOUR, DAY, 6 * DAY]))
    def time_passes(self, seconds: int) -> None:
        async def step() -> None:
            await self.town.survives(self.loop.leap(seconds))
            await self.accounts.look()
            await self._tick()

        self.do(step())

    @rule(seconds=st.sampled_from([1, 90, HOUR, DAY]), back=st.booleans())
    def the_clock_jumps(self, seconds: int, back: bool) -> None:  # noqa: FBT001
        self.town.put_clock(seconds if back else -seconds)
        self.accounts.forget_freezes()

    # ------------------------------------------------------------------------- the line

    def _calls(self) -> int:
        return sum(len(service.calls) for service in self.town.services.values())

    @precondition(lambda self: self._calls() > 0)
    @rule(
        number=which,
        fate=st.sampled_from(FATES),
        seconds=st.sampled_from([1, 3, 40, 3 * HOUR]),
    )
    def a_request_ends(self, number: int, fate: Fate, seconds: int) -> None:
        async def step() -> None:
            calls = [(it, call) for it in self.town.services.values() for call in it.calls]
            service, call = calls[number % len(calls)]
            service.settle(call, fate, seconds)
            await self.town.survives(self.loop.pass_time(0.1))

        self.do(step())

    # -------------------------------------------------------------------- lives and deaths

    @rule(done=st.booleans())
    def dies(self, done: bool) -> None:  # noqa: FBT001
        self.do(self.town.next_life(done=done))

    @rule(after=st.integers(0, 12))
    def will_die_soon(self, after: int) -> None:
        self.town.process.database.fuse = after

    @rule()
    def is_relieved(self) -> None:
        self.do(self.town.relieve())

    # --------------------------------------------------------------------------- the end

    def teardown(self) -> None:
        try:
            if not self.failed:
                self.run(self._close())
        finally:
            if hasattr(self, "town"):
                self.run(self.town.end())
            self.loop.close()

    async def _close(self) -> None:
        self.town.process.database.fuse = None
        for _ in range(ROUNDS):
            await self.town.serve(1.5)
            await self.accounts.look()
            await self._tick()
            left = await waiting(self.town)
            if not left and not self._calls():
                break
            await self._help_on(left)
        else:
            raise AssertionError(f"it never comes to an end: {left}, now {self.now}")
        await self._tick()
        await self.town.serve(2)
        await self.accounts.look()
        await Closing(self.town, self.accounts).check()

    async def _help_on(self, left: list[tuple[int, int]]) -> None:
        """End pauses, and wait for what is due later."""
        for paused in {notice for _, notice in left if notice}:
            await self._says(self.readers[0], f"/continue {paused}")
        # What is due already may be waiting behind an older message of its chat.
        dues = [due for due, notice in left if not notice and due > self.now]
        frozen = [relay.pacer.frozen_for for relay in self.town.process.relays]
        wait = max(min(dues, default=self.now) - self.now, *frozen, 0)
        await self.town.survives(self.loop.leap(wait))


def _instant(row: Hearing) -> int:
    return int(
        datetime.fromisoformat(row.local).replace(tzinfo=ZoneInfo(row.timezone)).timestamp()
    )


def _run(databases: Callable[[], str], examples: int) -> None:
    class Machine(Histories):
        new_database = staticmethod(databases)

    wanted = int(os.environ.get("HISTORIES", "0"))
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=wanted or examples,
            stateful_step_count=50,
            derandomize=not wanted,
            database=None,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(0 if os.environ.get("HISTORIES") else 600)
def test_whatever_happens_the_promises_hold(sqlite_template: Path, tmp_path: Path) -> None:
    numbers = itertools.count()

    def fresh() -> str:
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copy(sqlite_template, path)
        return f"sqlite:///{path}"

    _run(fresh, 8)


@pytest.mark.timeout(0 if os.environ.get("HISTORIES") else 600)
def test_whatever_happens_the_promises_hold_on_postgresql(
    postgres_url: str, postgres_template: str
) -> None:
    numbers = itertools.count()
    made: list[str] = []

    def fresh() -> str:
        name = f"history_{os.getpid()}_{next(numbers)}"
        in_a_thread(run_sql(postgres_url, f"CREATE DATABASE {name} TEMPLATE {postgres_template}"))
        made.append(name)
        return named(postgres_url, name)

    try:
        _run(fresh, 1)
    finally:
        for name in made:
            in_a_thread(run_sql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))
