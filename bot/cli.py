"""The `tocsin` command. Heavy imports wait inside the commands, so that --help is instant."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

app = typer.Typer(
    name="tocsin",
    help="Rapid-response alerts on Telegram and Matrix.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
organiser = typer.Typer(help="Who may send alerts.", no_args_is_help=True)
app.add_typer(organiser, name="organiser")
directory = typer.Typer(help="The embassy directory.", no_args_is_help=True)
app.add_typer(directory, name="directory")

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration; config.toml if it is there."),
]
_DEFAULT = Path("config.toml")
Result = TypeVar("Result")


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer hands it over so
    if wanted:
        typer.echo(f"tocsin {version('tocsin')}")
        raise typer.Exit


@app.callback()
def tocsin(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Rapid-response alerts on Telegram and Matrix."""


@app.command()
def run(config: ConfigFile = None) -> None:
    """Run the bot until it is stopped."""
    from bot.process import run as run_until_stopped

    _do(run_until_stopped(_load(config)))


@app.command()
def demo(
    config: ConfigFile = None,
    once: Annotated[bool, typer.Option("--once", help="End by itself.")] = False,
) -> None:
    """Play the sample campaign in the built-in chat."""
    import signal
    import tempfile

    from bot.demo import demo as play
    from bot.demo import trial, usual_port

    if config is not None:
        raise typer.Exit(_do(play(_load(config), once=once)))
    # Asked to end by a supervisor, it clears up as after Ctrl+C.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    with tempfile.TemporaryDirectory(prefix="tocsin-demo-") as folder:
        for_now = trial(Path(folder), port=0 if once else usual_port())
        raise typer.Exit(_do(play(_set_up(for_now), once=once)))


@app.command()
def check(config: ConfigFile = None) -> None:
    """Say what is wrong with this installation, and the remedy."""
    from bot.check import check as examine

    raise typer.Exit(_do(examine(_load(config))))


@app.command("import")
def import_(file: Path, config: ConfigFile = None) -> None:
    """Bring in a campaign file."""
    from bot.import_campaign import import_file

    for line in _do(import_file(_load(config), file)):
        typer.echo(line)


@app.command()
def export(config: ConfigFile = None) -> None:
    """Print the campaigns as JSON; never subscribers."""
    from bot.export import export as write

    typer.echo(_do(write(_load(config))))


@app.command()
def backup(file: Path, config: ConfigFile = None) -> None:
    """Write a checked copy of the database."""
    from bot.backup import backup as write

    typer.echo(_do(write(_load(config), file)))


@organiser.command("add")
def add_organiser(
    person: Annotated[str, typer.Argument(metavar="ID", help="telegram:123 or matrix:@a:b.org")],
    role: Annotated[str, typer.Option(help="organiser or owner")] = "organiser",
    config: ConfigFile = None,
) -> None:
    """Let somebody prepare and send alerts."""
    from bot.organiser import add

    typer.echo(_do(add(_load(config), person, role)))


@organiser.command("trust")
def trust_organiser(
    person: Annotated[str, typer.Argument(metavar="ID", help="matrix:@a:b.org")],
    key: Annotated[str, typer.Option(help="the session key their client shows")] = "",
    config: ConfigFile = None,
) -> None:
    """Say with which key an organiser on Matrix is believed; without one, the next counts."""
    from bot.organiser import trust

    typer.echo(_do(trust(_load(config), person, key)))


@directory.command("refresh")
def refresh_directory(
    states: Annotated[
        list[str] | None, typer.Argument(metavar="[KZ]...", help="only these sending states")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Also changes so many that they look like a fault.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Ask Wikidata and the German Foreign Office; half an hour for all states."""
    from datetime import UTC, datetime

    from bot.directory.news import tell
    from bot.directory.refresh import refresh

    loaded, today = _load(config), datetime.now(UTC).date()
    wanted = [it.upper() for it in states or ()]
    changes = _do(refresh(loaded, wanted, accept=accept, today=today, say=typer.echo))
    _do(tell(loaded, changes))


@directory.command("coverage")
def show_coverage(
    states: Annotated[
        list[str] | None, typer.Argument(metavar="[KZ]...", help="sending states; all if none")
    ] = None,
    readers: Annotated[str, typer.Option(help="only these countries of readers: GB,IE,BE")] = "",
    picture: Annotated[Path | None, typer.Option(help="also draw it, into this SVG file")] = None,
    config: ConfigFile = None,
) -> None:
    """Show in which countries readers have an embassy they can reach, and how."""
    from datetime import UTC, datetime

    from bot.directory.shown import show

    today = datetime.now(UTC).date()
    asked = show(_load(config), states or (), readers.split(","), today=today, file=picture)
    for line in _do(asked):
        typer.echo(line)


def _load(path: Path | None) -> Any:  # noqa: ANN401 - Config is imported late
    """The configuration, with logging set up as it says."""
    from bot.config import load_config

    return _set_up(load_config(path or (_DEFAULT if _DEFAULT.exists() else None)))


def _set_up(config: Any) -> Any:  # noqa: ANN401 - Config is imported late
    from bot.log import set_up

    set_up(config.log.level, config.log.format)
    for warning in config.warnings:
        typer.echo(f"Warning: {warning}", err=True)
    return config


def _do(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


def main() -> None:
    """The entry point: errors that people can put right are a sentence, never a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from bot.cli_errors import explain

        lines = None if os.environ.get("TOCSIN_DEBUG") else explain(error)
        if lines is None:
            raise
        for line in lines:
            print(line, file=sys.stderr)  # noqa: T201 - the terminal is where people look
        sys.exit(1)
