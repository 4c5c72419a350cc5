"""`tocsin run`: the app as a process that a supervisor starts, hears and stops."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from bot.app import App, only_one, open_storage, started
from bot.config import Config
from bot.health import State
from bot.log import install_loop_handler
from bot.platforms.local import Persona
from bot.systemd import Supervisor


async def run(config: Config, personas: Sequence[Persona] = ()) -> None:
    """Run until SIGTERM or SIGINT; raises what made it stop by itself."""
    install_loop_handler(asyncio.get_running_loop())
    async with only_one(config), open_storage(config) as storage:
        app = App(config, storage, personas or _personas(config))
        serving = asyncio.create_task(app.serve(ready := asyncio.Event()))
        _stop_on_signals(serving, app.supervisor)
        await started(serving, ready)
        if not serving.done():
            app.supervisor.ready()
            print(ready_line(app), file=sys.stderr, flush=True)  # noqa: T201 - what supervisors and people wait for
        with suppress(asyncio.CancelledError):
            await serving


def _stop_on_signals(serving: asyncio.Task[None], supervisor: Supervisor) -> None:
    def stop() -> None:
        supervisor.stopping()
        serving.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def ready_line(app: App) -> str:
    """What works, what another process does, what does not work and why."""
    carried = _in_state(app, State.CARRYING)
    parts = [f"Tocsin is ready on: {carried}." if carried else "Tocsin is ready."]
    if waited := _in_state(app, State.STANDING_BY):
        parts.append(f"Standing by for: {waited}.")
    unusable = [(it.name, it.pulse.fault) for it in app.carriers if it.pulse.fault is not None]
    parts += [f"Not on {name}: {fault}" for name, fault in unusable]
    if app.chat_url:
        parts.append(f"Built-in chat: {app.chat_url}")
    return " ".join(parts)


def _in_state(app: App, state: State) -> str:
    return ", ".join(it.name for it in app.carriers if it.pulse.state is state)


def _personas(config: Config) -> list[Persona]:
    """Who the built-in chat offers to be: each configured local owner, and a guest."""
    owners = [name for platform, name in config.organisers.owners if platform == "local"]
    return [
        *(Persona(name, name.title(), language="en", organiser=True) for name in owners),
        Persona("guest", "Guest", language="en"),
    ]
