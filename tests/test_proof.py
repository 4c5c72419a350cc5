"""The short form of `make proof`: dead at every named point, on both databases, nothing lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fakes.ledger import Ledger, Round
from tests.fakes.program import Program
from tests.fakes.telegram import BotApi, Call
from tests.slow.checks import adds_up
from tests.slow.proof import violations
from tests.slow.story import POINTS, Story

ROOT = Path(__file__).parents[1]
AT_START = ["migrating", "migrated"]
ON_MATRIX = ["keys-saved", "keys-uploaded", "key-shared", "message-sent"]


def test_every_crash_point_of_the_source_is_one_the_tests_know() -> None:
    sources = [it for room in ("bot", "handlers", "storage") for it in (ROOT / room).rglob("*.py")]
    found = re.findall(r'crashpoint\("([a-z-]+)"\)', "".join(it.read_text() for it in sources))

    assert sorted(found) == sorted([*POINTS, *AT_START, *ON_MATRIX])


@pytest.mark.timeout(240)
async def test_killed_at_every_point_it_loses_nothing(database_url: str, tmp_path: Path) -> None:
    story = Story(
        "short", database_url, tmp_path, kills=len(POINTS), readers=40, points=list(POINTS)
    )

    totals = await story.run()

    assert not violations(totals), totals.faults
    assert story.died_at == set(POINTS)  # each was come by, and was the end


@pytest.mark.parametrize("point", AT_START)
async def test_killed_while_the_tables_are_made_it_starts_again(
    point: str, tmp_path: Path, telegram_server: BotApi
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'[telegram]\ntoken = "{telegram_server.token}"\napi_url = "{telegram_server.url}"\n'
        '[web]\nlisten = "127.0.0.1:0"\n'
    )
    async with Program(config) as program:
        await program.start(f"{point}:1")

        assert await program.ends() == -9
        await program.ready()


def _call(text: str, chat: int = 1) -> Call:
    return Call("sendMessage", {"chat_id": chat, "text": text}, 0.0)


def _round() -> Round:
    return Round("R1", {1: 1}, owed={1})


def test_the_ledger_sees_what_is_lost() -> None:
    ledger = Ledger(8)
    ledger.close(_round(), [[]], set(), set())

    assert ledger.totals.lost == 1
    assert violations(ledger.totals)


def test_the_ledger_sees_a_repeat_that_does_not_say_so() -> None:
    ledger = Ledger(8)
    ledger.close(_round(), [[_call("R1")], [_call("R1")]], set(), set())

    assert ledger.totals.unmarked == 1


def test_the_ledger_takes_a_marked_repeat_for_what_it_is() -> None:
    again = _call("You may have received this message already.\n\nR1")
    ledger = Ledger(8)
    ledger.close(_round(), [[_call("R1")], [again]], set(), set())

    assert ledger.totals.repeats == 1
    assert not violations(ledger.totals)


def test_the_ledger_sees_more_repeats_than_were_in_flight() -> None:
    chats = dict.fromkeys(range(9), 1)
    first = [_call("R1", chat) for chat in chats]
    again = [_call("You may have received this message already.\n\nR1", chat) for chat in chats]
    ledger = Ledger(8)
    ledger.close(Round("R1", chats, owed=set(chats)), [first, again], set(), set())

    assert violations(ledger.totals)


def test_the_ledger_sees_a_notice_after_the_answer_that_none_will_come() -> None:
    asked = {(1, "no more"): 1}
    good, bad = Ledger(8), Ledger(8)
    notice, answer = _call("R1"), _call("no more")
    good.close(Round("R1", {1: 1}, left={1}, asked=asked), [[notice, answer]], set(), set())
    bad.close(Round("R1", {1: 1}, left={1}, asked=asked), [[answer, notice]], set(), set())

    assert not violations(good.totals)
    assert bad.totals.after_stop == 1


def test_the_figures_of_a_broadcast_are_checked() -> None:
    gone = "Alert 1 has gone out\nDelivered 3 of 5, unreachable 1, held 0"

    assert not adds_up(gone)
    assert adds_up(f"{gone}\nNot sent to one reader: they unsubscribed meanwhile.")


def test_the_ledger_sees_an_update_lost_and_one_applied_twice() -> None:
    lost, twice = Ledger(8), Ledger(8)
    asked = {(1, "yes"): 1}
    lost.close(Round("R1", {1: 1}, {1}, asked=asked), [[_call("R1")]], set(), set())
    calls = [_call("R1"), _call("yes"), _call("yes")]
    twice.close(Round("R1", {1: 1}, {1}, asked=asked), [calls], set(), set())

    assert lost.totals.updates_lost == 1
    assert twice.totals.updates_twice == 1
