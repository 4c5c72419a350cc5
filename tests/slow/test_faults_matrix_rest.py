"""The cells of the Matrix matrix that `make test` leaves out: every fault for every call."""

from __future__ import annotations

import pytest

from tests import test_faults_matrix as calls
from tests.fakes.faulty import FaultyWire
from tests.fakes.matrix_bot import Bot
from tests.fakes.synapse import MatrixPerson
from tests.matrix_talk import REST, Talk
from tests.test_faults_matrix_start import (
    FIRST_KEYS,
    bot,
    wire,
)
from tests.test_faults_matrix_start import (
    test_a_kept_device_starts_though_nobody_says_who_it_is as start_kept,
)
from tests.test_faults_matrix_start import (
    test_a_login_that_fails_says_why_and_leaves_one_device_in_the_end as log_in,
)
from tests.test_faults_matrix_start import (
    test_a_room_is_joined_in_the_end as join,
)
from tests.test_faults_matrix_start import (
    test_a_start_goes_on_until_the_device_has_its_keys as first_keys,
)

__all__ = ["bot", "wire"]  # fixtures

SHARED = pytest.mark.asyncio(loop_scope="module")
FAULTS = pytest.mark.parametrize("fault", REST)


@SHARED
@FAULTS
async def test_an_edit_is_there_once(talk: Talk, fault: str) -> None:
    await calls.test_an_edit_whose_answer_is_lost_changes_the_message_once(talk, fault)


@SHARED
@FAULTS
@pytest.mark.parametrize("step", ["/redact/", "/relations/"])
async def test_a_message_is_taken_back(talk: Talk, step: str, fault: str) -> None:
    await calls.test_a_message_is_taken_back_whatever_the_first_attempt_met(talk, step, fault)


@SHARED
@FAULTS
async def test_a_file_arrives_once(talk: Talk, fault: str) -> None:
    await calls.test_a_file_whose_upload_breaks_arrives_once(talk, fault)


@SHARED
@FAULTS
@pytest.mark.parametrize("step", calls.KEY_STEPS)
async def test_keys_go_before_words(talk: Talk, step: str, fault: str) -> None:
    await calls.test_nothing_is_sent_before_everybody_has_the_key(talk, step, fault)


@SHARED
@FAULTS
async def test_no_sync_is_missed(talk: Talk, fault: str) -> None:
    await calls.test_nothing_is_missed_over_a_broken_sync_and_the_loop_backs_off(talk, fault)


@SHARED
@FAULTS
@pytest.mark.parametrize("step", ["/keys/upload", "/keys/query", "/sendToDevice/"])
async def test_keys_are_tended_again(talk: Talk, step: str, fault: str) -> None:
    await calls.test_the_keys_are_tended_again_after_the_next_sync(talk, step, fault)


@FAULTS
async def test_a_login(bot: Bot, wire: FaultyWire, fault: str) -> None:
    await log_in(bot, wire, fault)


@FAULTS
async def test_a_kept_device(
    bot: Bot, wire: FaultyWire, aigerim: MatrixPerson, fault: str
) -> None:
    await start_kept(bot, wire, aigerim, fault)


@FAULTS
@pytest.mark.parametrize("step", FIRST_KEYS)
async def test_the_first_keys(
    bot: Bot, wire: FaultyWire, aigerim: MatrixPerson, step: str, fault: str
) -> None:
    await first_keys(bot, wire, aigerim, step, fault)


@FAULTS
async def test_a_join(bot: Bot, wire: FaultyWire, aigerim: MatrixPerson, fault: str) -> None:
    await join(bot, wire, aigerim, fault)
