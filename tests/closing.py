"""The end of a history: everything is carried to its end, then the books must balance."""

from __future__ import annotations

import re

from sqlalchemy import select

from handlers.i18n import Translator
from storage.models import (
    Alert,
    Base,
    Delivery,
    DeliveryState,
    InboxRow,
    InboxState,
    Notice,
)
from storage.vault import Vault, VaultError
from tests.accounts import Accounts
from tests.expectations import REMEMBERED, Reader, Told
from tests.service import Copy
from tests.town import KEY, Town

_UNSETTLED = (DeliveryState.PENDING, DeliveryState.SENDING)
_RESULT = re.compile(
    r"Alert (\d+)-\w+ has gone out.*Delivered (\d+) of (\d+), unreachable (\d+), held (\d+)",
    re.DOTALL,
)
_REFUSED = re.compile(r"(One|\d+) messages? w\w+ refused by the platform")
_WITHDRAWN = [Translator(code).t("withdrawn-ask") for code in ("en", "ru")]
_PURPOSES = ("subscribers.address", "deliveries.body", "inbox.payload", "organisers.address")


async def waiting(town: Town) -> list[tuple[int, int]]:
    """What has not been dealt with yet: when it is due, and the notice if that is paused."""
    async with town.process.database.read() as session:
        rows = await session.execute(
            select(Delivery.due_at, Notice.id, Notice.paused_at)
            .outerjoin(Notice, Notice.id == Delivery.notice_id)
            .where(Delivery.state.in_(_UNSETTLED))
        )
        return [(due, notice if paused else 0) for due, notice, paused in rows]


class Closing:
    """Checks a history that is over."""

    def __init__(self, town: Town, accounts: Accounts) -> None:
        self.town = town
        self.accounts = accounts
        self.rows: dict[int, Delivery] = {}

    async def check(self) -> None:
        async with self.town.process.database.read() as session:
            self.rows = {row.id: row for row in await session.scalars(select(Delivery))}
            failed = list(
                await session.scalars(select(InboxRow.id).where(InboxRow.state != InboxState.DONE))
            )
            alerts = list(await session.scalars(select(Alert)))
        assert not failed, "an update was not handled"
        for told in self.accounts.told.values():
            for row, reader in told.rows.items():
                self._check_delivery(told, row, reader)
        self._check_replies()
        self._check_chats()
        self._check_results(alerts)
        await self._check_forgotten()

    # ------------------------------------------------------------------------ each delivery

    def _check_delivery(self, told: Told, number: int, reader: Reader) -> None:
        row, reasons = self.rows.get(number), told.reasons.get(reader, set())
        name = f"{told.token} ({number}) to {reader}"
        if row is None:
            assert "forgotten" in reasons, f"{name} is gone"
            return
        match row.state:
            case DeliveryState.SENT:
                self._check_text(told, number, reader, name)
            case DeliveryState.UNREACHABLE:
                assert "gone" in reasons, f"{name} is unreachable, but nobody blocked"
            case DeliveryState.REJECTED:
                assert "refused" in reasons, f"{name} is rejected, but was not refused"
            case DeliveryState.CANCELLED:
                assert reasons - {"refused"}, f"{name} is cancelled without a reason"
            case DeliveryState.HELD:
                doubts = [it for it in self.accounts.doubts if it[:2] == (reader, number)]
                assert doubts, f"{name} is held without a doubt"
                assert self._was_offered(), f"{name} is held, and nobody was asked"
            case state:
                raise AssertionError(f"{name} is {state} for ever")

    def _check_text(self, told: Told, number: int, reader: Reader, name: str) -> None:
        text = "\n".join(self.accounts.texts.get((reader, number), []))
        assert text, f"{name} is sent, but nothing came"
        place = 0
        for mark in told.marks if reader not in told.shifted else ():
            found = text.find(mark, place)
            assert found >= 0, f"{name}: {mark!r} did not come, or not in its order"
            place = found

    def _was_offered(self) -> bool:
        return any(
            "may not have reached" in copy.text
            for reader in self.accounts.readers
            if reader.organises
            for copy in self._chat(reader)
        )

    # -------------------------------------------------------------------------- the chats

    def _check_replies(self) -> None:
        for reader in self.accounts.readers:
            if reader.organises:
                continue
            came = self.accounts.replies[reader]
            lost = {
                row
                for who, row, _ in self.accounts.doubts
                if who is reader and row not in self.accounts.row_of and row not in came
            }
            least = reader.replies_least - len(lost)
            assert least <= len(came) <= reader.replies_most, (
                f"{reader} got {len(came)} replies, not {least} to {reader.replies_most}"
            )

    def _chat(self, reader: Reader) -> list[Copy]:
        service = self.town.services[reader.service]
        return [copy for address in reader.addresses for copy in service.chats[address]]

    def _check_chats(self) -> None:
        """Of an alert that was corrected or taken back no known copy reads as before."""
        chains: dict[int, list[Told]] = {}
        for told in self.accounts.told.values():
            if told.alert:
                chains.setdefault(told.alert, []).append(told)
        for chain in chains.values():
            *former, last = chain
            for reader in set(last.edit_rows.values()):
                if self._is_checked(chain, reader):
                    self._check_copies(reader, former, last)

    def _is_checked(self, chain: list[Told], reader: Reader) -> bool:
        """Can every copy still be reached?"""
        young = self.town.latest - chain[0].at < REMEMBERED - 86400
        edits = [row for row, it in chain[-1].edit_rows.items() if it is reader]
        sent = all(row in self.rows and self.rows[row].state == "sent" for row in edits)
        excuses = {"gone", "forgotten", "refused", "discarded"}
        reached = not any(told.reasons.get(reader, set()) & excuses for told in chain)
        return young and sent and reached

    def _check_copies(self, reader: Reader, former: list[Told], last: Told) -> None:
        tokens = {mark for told in former for mark in told.marks}
        for copy in self._chat(reader):
            row = int(copy.key.split(".")[1])
            if not copy.known or row not in self.accounts.row_of:
                continue
            if last.kind == "withdrawal" and any(it in copy.text for it in _WITHDRAWN):
                continue
            left = {token for token in tokens if token in copy.text and token not in last.marks}
            assert not left, f"{reader} still reads {left} in place of {last.kind} {last.token}"

    # ---------------------------------------------------------------- what organisers hear

    def _check_results(self, alerts: list[Alert]) -> None:
        """The counts they were told add up to those who were to be told."""
        notices = {alert.id: alert.notice_id for alert in alerts}
        for reader in self.accounts.readers:
            if not reader.organises:
                continue
            for copy in self._chat(reader):
                found = _RESULT.search(copy.text)
                if found is not None:
                    told = self.accounts.told[notices[int(found[1])] or 0]
                    self._check_result(told, copy.text, [int(it) for it in found.groups()[1:]])

    def _check_result(self, told: Told, text: str, numbers: list[int]) -> None:
        delivered, total, unreachable, held = numbers
        refused = _REFUSED.search(text)
        bad = 0 if refused is None else 1 if refused[1] == "One" else int(refused[1])
        audience = len(told.rows) + len(told.edit_rows)
        erased = sum("forgotten" in reasons for reasons in told.reasons.values())
        name = f"{told.token}: {text!r}"
        assert audience - erased <= total <= audience, f"{name}, but {audience} were to get it"
        assert delivered + unreachable + held + bad <= total, f"{name} counts some twice"
        if not told.reasons and not held and not told.edit_rows:
            assert delivered == total == audience, f"{name}: where are the others?"

    async def _check_forgotten(self) -> None:
        """Nothing in the database names those who are forgotten."""
        gone = [it for it in self.accounts.readers if not it.known and not it.organises]
        names = [(it.service, address) for it in gone for address in it.addresses]
        vault = Vault(KEY)
        indexes = {vault.index(*name): name for name in names}
        async with self.town.process.database.read() as session:
            for table in Base.metadata.sorted_tables:
                for row in await session.execute(select(table)):
                    for cell in row:
                        told = _readings(vault, cell)
                        assert cell not in indexes, f"{table.name} knows {indexes[cell]}"
                        for _, address in names:
                            assert not any(address in it for it in told), f"{table.name}: {row}"


def _readings(vault: Vault, cell: object) -> list[str]:
    """What a cell says, opened if it is sealed."""
    if isinstance(cell, str):
        return [cell]
    if not isinstance(cell, bytes):
        return []
    found = []
    for purpose in _PURPOSES:
        try:
            found.append(vault.open(cell, purpose))
        except (VaultError, ValueError):
            continue
    return found
