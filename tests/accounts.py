"""Keeping accounts of a history: what was promised to whom, what arrived, what may not happen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from functools import partial

from sqlalchemy import select

from handlers.i18n import Translator
from storage.database import Database
from storage.models import Delivery, DeliveryState, Notice
from storage.vault import Vault
from tests.expectations import CASES, Reader, Told, ranks
from tests.service import Arrival, Call, Fate, Service
from tests.town import KEY, Town

MARKS = [Translator(code).t("maybe-a-repeat") for code in ("en", "ru")]
_CALM = 5.0  # seconds after which what happened to a chat does not matter any more
_REMEMBERED_FREEZE = 12.0  # seconds: shorter waits may be forgotten by a restart


class Accounts:
    """Hears of every request and how it ended, and looks at the rows after every step."""

    def __init__(self, town: Town, readers: Iterable[Reader]) -> None:
        self.town = town
        self.readers = list(readers)
        self.told: dict[int, Told] = {}
        self.row_of: dict[int, Told] = {}
        self.faults: list[str] = []
        self.doubts: Counter[tuple[Reader, int, int]] = Counter()
        self.arrived: Counter[tuple[Reader, int, int]] = Counter()
        self._unmarked: Counter[tuple[Reader, int, int]] = Counter()
        self.texts: dict[tuple[Reader, int], list[str]] = {}
        self.replies: dict[Reader, set[int]] = {reader: set() for reader in self.readers}
        self.closed: set[int] = set()  # rows of which nothing more may leave …
        self.on_its_way: set[int] = set()  # … but what was claimed before that
        self.newest_row = self.newest_notice = self.read_arrivals = 0
        self.shut: dict[str, tuple[float, float]] = {}
        self._noted: dict[str, tuple[float, float]] = {}  # … as far as the program wrote it down
        self._tried: set[int] = set()
        self._excused: set[int] = set()
        self._stirred: dict[object, float] = {}
        self._started: dict[int, float] = {}
        self._vault = Vault(KEY)
        self._seen = dict.fromkeys(town.services, 0)
        for service in town.services.values():
            service.admit = partial(self._admit, service)
            service.ended = partial(self._ended, service)
        town.on_new_life = self.new_life

    def reader_at(self, service: str, address: str) -> Reader:
        """Whose chat this is, or was."""
        return next(it for it in self.readers if it.service == service and address in it.addresses)

    # ----------------------------------------------------------------- while it happens

    def _admit(self, service: Service, call: Call) -> None:
        """A request leaves: may it?"""
        reader, now = self.reader_at(service.name, call.address), self.town.loop.moment
        others = [it for it in service.calls if it.address == call.address and not it.orphan]
        if len(others) > 1:
            self.faults.append(f"two requests at once to {reader}: {call.key}")
        since, until = self.shut.get(service.name, (0.0, 0.0))
        if since < now < until:
            self.faults.append(f"{call.key} sent {until - now} s before a flood was over")
        if call.key:
            self._admit_part(service, call, reader)
        self._stirred[reader] = now

    def _admit_part(self, service: Service, call: Call, reader: Reader) -> None:
        row, _ = _numbers(call.key)
        if row in self.closed and row not in self.on_its_way:
            why = self.row_of[row].reasons.get(reader)
            self.faults.append(f"{call.key} sent to {reader} in spite of {why}")
        self.on_its_way.discard(row)
        told = self.row_of.get(row)
        if told is not None and row in told.rows and row not in self._tried:
            self._check_order(service, told, row)
        self._tried.add(row)

    def _check_order(self, service: Service, told: Told, row: int) -> None:
        """Does somebody wait who is served before?"""
        calm = self._started[told.number]
        if self._stirred.get(service.name, 0.0) >= calm - _CALM:
            return
        for other, reader in told.rows.items():
            waits = other not in self._tried and reader not in told.reasons
            undisturbed = self._stirred.get(reader, 0.0) < calm - _CALM
            same = reader.service == service.name
            if waits and undisturbed and same and told.ranks[other] < told.ranks[row]:
                self.faults.append(f"{told.rows[row]} got {told.token} before {reader}")

    def _ended(self, service: Service, call: Call, fate: Fate, seconds: int) -> None:
        """A request has been answered, or never will be."""
        reader, now = self.reader_at(service.name, call.address), self.town.loop.moment
        self._stirred[reader] = now
        row, part = _numbers(call.key) if call.key else (0, 0)
        told = self.row_of.get(row)
        match fate:
            case Fate.FLOOD:
                self._stirred[service.name] = now
                if not call.orphan:
                    _, until = self.shut.get(service.name, (0.0, 0.0))
                    self.shut[service.name] = now, max(until, now + seconds)
            case Fate.LOST_BEFORE | Fate.LOST_AFTER:
                self.doubts[reader, row, part] += 1
            case Fate.BAD if told is not None:
                told.excuse(reader, "refused")
            case Fate.BAD:
                self._forgive(reader)
            case Fate.GONE:
                self.lost(reader)
            case _:
                pass

    async def new_life(self, database: Database) -> None:
        """What was claimed may have arrived; what only the memory knew is not known any more."""
        async with database.read() as session:
            claimed = list(
                await session.scalars(
                    select(Delivery).where(Delivery.state == DeliveryState.SENDING)
                )
            )
        indexes = self._indexes()
        for row in claimed:
            self.doubts[indexes[row.chat], row.id, row.part] += 1
        now = self.town.loop.moment
        self._stirred |= dict.fromkeys(self.town.services, now)
        for name, (_, until) in list(self.shut.items()):
            if until - now < _REMEMBERED_FREEZE or self._noted.get(name) != self.shut[name]:
                del self.shut[name]

    def forget_freezes(self) -> None:
        """They were not written down yet, or by a clock that is wrong now."""
        self.shut.clear()

    # ------------------------------------------------------------ what becomes of promises

    def drop(self, reader: Reader, reason: str) -> None:
        """Whatever they do not want any more need not reach them."""
        for told in self.told.values():
            gone = not (reader.known and reader.state == "active" and reader.covers(told.case))
            if reader in told.rows.values() and gone:
                told.excuse(reader, reason)

    def lost(self, reader: Reader) -> None:
        """The service says that the chat takes nothing any more."""
        if reader.known:
            reader.state = "gone"
        for told in self.told.values():
            if reader in (*told.rows.values(), *told.edit_rows.values()):
                told.excuse(reader, "gone")
        self._forgive(reader)

    def forgotten(self, reader: Reader) -> None:
        """They are erased, and all that was queued for them."""
        reader.be_forgotten()
        for told in self.told.values():
            told.excuse(reader, "forgotten")
        self._forgive(reader)

    def _forgive(self, reader: Reader) -> None:
        """Replies that have not come by now may never come."""
        reader.replies_least = min(reader.replies_least, len(self.replies[reader]))

    # ------------------------------------------------------------------- after each step

    async def look(self) -> list[Told]:
        """Take in what is new, and complain of what may not be; the notices that are new."""
        new = await self._new_notices()
        await self._close_rows()
        self._take_arrivals()
        self._noted = dict(self.shut)
        assert not self.faults, "\n".join(self.faults)
        return new

    async def _new_notices(self) -> list[Told]:
        async with self.town.process.database.read() as session:
            notices = list(
                await session.scalars(
                    select(Notice).where(Notice.id > self.newest_notice).order_by(Notice.id)
                )
            )
            rows = list(
                await session.scalars(
                    select(Delivery).where(Delivery.id > self.newest_row).order_by(Delivery.id)
                )
            )
        for notice in notices:
            self.newest_notice = notice.id
            self._started[notice.id] = self.town.loop.moment
            self.told[notice.id] = _told(notice, self.town.clock())
        indexes = self._indexes()
        for row in rows:
            self.newest_row = row.id
            if row.notice_id is not None:
                self._add_row(row, indexes[row.chat])
        new = [self.told[notice.id] for notice in notices]
        for told in new:
            told.ranks = ranks(told.rows, [it for it in self.readers if it.organises])
            self._check_audience(told)
        return new

    def _indexes(self) -> dict[bytes, Reader]:
        return {
            self._vault.index(it.service, address): it
            for it in self.readers
            for address in it.addresses
        }

    def _add_row(self, row: Delivery, reader: Reader) -> None:
        told = self.told[row.notice_id or 0]
        self.row_of[row.id] = told
        if row.edits_id is None:
            told.rows[row.id] = reader
        else:
            told.edits[row.id] = row.edits_id
            told.edit_rows[row.id] = reader

    def _check_audience(self, told: Told) -> None:
        if told.kind == "withdrawal":
            assert not told.rows
            return
        urgent = told.kind != "alert" or CASES[told.case]
        wanted = {it for it in self.readers if it.wants(told.case, urgent=urgent)}
        got = set(told.rows.values())
        assert len(got) == len(told.rows), "two rows for one chat"
        assert got == wanted - set(told.edit_rows.values()), f"{told.token}: {got} not {wanted}"

    async def _close_rows(self) -> None:
        """Of what is not to reach somebody nothing may leave but what has already."""
        rows = {
            row
            for told in self.told.values()
            for row, reader in told.rows.items()
            if reader in told.reasons and row not in self._excused
        }
        if not rows:
            return
        async with self.town.process.database.read() as session:
            claimed = await session.scalars(
                select(Delivery.id).where(
                    Delivery.id.in_(rows), Delivery.state == DeliveryState.SENDING
                )
            )
            sending = set(claimed)
        calls = [call for service in self.town.services.values() for call in service.calls]
        asked = {_numbers(call.key)[0] for call in calls if call.key and not call.orphan}
        self._excused |= rows
        self.closed |= rows
        self.on_its_way |= sending - asked

    def _take_arrivals(self) -> None:
        for name, service in self.town.services.items():
            for arrival in service.arrivals[self._seen[name] :]:
                self._take(self.reader_at(name, arrival.address), arrival)
            self._seen[name] = len(service.arrivals)

    def _take(self, reader: Reader, arrival: Arrival) -> None:
        row, part = _numbers(arrival.key)
        texts = self.texts.setdefault((reader, row), [])
        doubts = self.doubts[reader, row, part]
        marked = any(arrival.text.startswith(mark) for mark in MARKS)
        times = self.arrived[reader, row, part]
        self.arrived[reader, row, part] += 1
        if times > doubts:
            self.faults.append(f"{arrival.key} came to {reader} {times + 1} times")
        self._unmarked[reader, row, part] += not marked  # the first, whenever it comes
        if (marked and not doubts) or self._unmarked[reader, row, part] > 1:
            self.faults.append(f"{arrival.key} to {reader} is marked {marked}, doubts {doubts}")
        told = self.row_of.get(row)
        if told is None:
            self.replies[reader].add(row)
        elif row in told.rows and not times:
            if part != len(texts):
                self.faults.append(f"part {part} of {told.token} came after {len(texts)} parts")
            texts.append(arrival.text)


def _numbers(key: str) -> tuple[int, int]:
    """The delivery and the part that a key stands for."""
    _, row, part = key.split(".")
    return int(row), int(part)


def _told(notice: Notice, now: int) -> Told:
    about = json.loads(notice.payload)
    if notice.kind == "alert":
        headline = about["headline"]["en"]
        body = about["text"].get("en", "").split("\n\n")
        marks = (headline, *(part for part in body if part))
        return Told(notice.id, "alert", notice.case_id, notice.alert_id or 0, headline, marks, now)
    if "hearing" in about:
        court = about["court"]["en"]
        token = f"{court} {about['kind']}"
        told = Told(notice.id, notice.kind, notice.case_id, 0, token, (court,), now)
        told.hearing, told.point = about["hearing"], about["kind"]
        return told
    token = about["headline"]["en"]
    return Told(notice.id, "withdrawal", notice.case_id, notice.alert_id or 0, token, (), now)
