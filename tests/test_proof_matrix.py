"""The real process on a real Synapse, killed where keys and messages are on their way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.program import Program
from tests.fakes.synapse import Homeserver, MatrixPerson

POINTS = ["keys-saved", "keys-uploaded", "key-shared", "message-sent"]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_this_point_it_still_answers_once_and_readably(
    point: str, homeserver: Homeserver, aigerim: MatrixPerson, tmp_path: Path
) -> None:
    account = await homeserver.register("tocsin")
    config = tmp_path / "config.toml"
    config.write_text(
        f"""
        [matrix]
        homeserver = "{homeserver.url}"
        user_id = "{account.user_id}"
        password = "{account.password}"
        [web]
        listen = "127.0.0.1:0"
        """
    )
    async with Program(config) as program:
        if point in POINTS[:2]:  # passed at the first start
            await program.start(f"{point}:1")
            assert await program.ends() == -9, program.text
        await program.ready()
        room = await aigerim.talks_to(account.user_id)
        if point in POINTS[2:]:  # passed when somebody is answered
            await program.kill()
            await aigerim.writes(room, "!country qzx1")
            await program.start(f"{point}:1")
            assert await program.ends() == -9, program.text
            await program.ready()
        else:
            await aigerim.writes(room, "!country qzx1")

        await aigerim.hears(room, "qzx1", within=60)
        await aigerim.settles(2)

        answers = [it for it in aigerim.heard(room) if "qzx1" in it.body]
        assert len(answers) == 1
        assert all(it.encrypted for it in aigerim.heard(room))
        assert not aigerim.unreadable(room)
