"""`tocsin demo`: the story ends well by itself, and says so when it does not."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT
from dataclasses import replace
from pathlib import Path

import pytest

from bot import demo as module
from bot.demo import demo, trial
from bot.demo_story import READERS, missing


async def test_the_story_ends_by_itself_and_well(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("tocsin")

    process = await asyncio.create_subprocess_exec(
        program, "demo", "--once", stdout=PIPE, stderr=STDOUT, cwd=tmp_path
    )
    said = (await process.communicate())[0].decode()

    assert process.returncode == 0, said
    for words in ("london@mfa.kz", "brussels@mfa.kz", "УЧЕНИЯ", "5/5"):
        assert words in said
    assert list(tmp_path.iterdir()) == []  # it leaves nothing behind


async def test_it_stays_open_until_it_is_ended_and_leaves_nothing_behind(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("tocsin")
    for asked in (signal.SIGINT, signal.SIGTERM):
        process = await asyncio.create_subprocess_exec(
            program, "demo", stdout=PIPE, cwd=tmp_path, env={**os.environ, "TMPDIR": str(tmp_path)}
        )
        assert process.stdout is not None
        async with asyncio.timeout(90):
            async for line in process.stdout:
                if b"Ctrl+C ends the demo" in line:
                    break
            assert len(list(tmp_path.iterdir())) == 1
            process.send_signal(asked)
            await process.communicate()

        assert process.returncode == 0
        assert list(tmp_path.iterdir()) == []


async def test_a_missing_notice_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    impossible = replace(READERS[0], expects=("an embassy that does not exist",))
    monkeypatch.setattr(module, "READERS", (impossible, *READERS[1:]))

    assert await demo(trial(tmp_path), once=True) == 1
    assert "Reader in London: no notice with an embassy that does not exist" in " ".join(
        capsys.readouterr().out.split()
    )


def test_who_was_told_nothing_is_named_for_both() -> None:
    assert len(list(missing(READERS[0], []))) == 2
