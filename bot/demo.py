"""`tocsin demo`: the whole story on the sample campaign, in the terminal and the built-in chat.

Nothing is pretended: the people write to the real bot through the built-in chat, and what is
shown is what they were sent.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from bot.app import App, clock, only_one, open_storage, started
from bot.config import Config, build_config
from bot.demo_story import ALERT, CASE, OWNER, READERS, missing
from bot.import_campaign import store_campaign
from bot.platforms.local import Local, Persona
from handlers.campaign_file import read_campaign
from handlers.message import Button, Copyable, Message, plain, unpack_message

_SAMPLE = "kazakhstan.toml"
_USUAL_PORT = 8780
_PATIENCE = 30.0  # seconds for anything to arrive
_FIRST_SCREEN = 8  # blocks of a notice shown in the terminal


class StoryError(Exception):
    """Something in the story did not happen."""


async def demo(config: Config, *, once: bool) -> int:
    """Play the story; 0 if everybody got what they should. Then stay open unless `once`."""
    console = Console(highlight=False)
    async with running(config) as app:
        story = Story(app, console)
        try:
            await story.play()
        except StoryError as error:
            console.print(f"[red]The story stopped: {error}[/red]")
            return 1
        if not once:
            await story.stay_open()
        return 0


@asynccontextmanager
async def running(
    config: Config, people: Sequence[Persona] = (OWNER, *(it.persona for it in READERS))
) -> AsyncIterator[App]:
    """The app, connected, with the sample campaign imported and these people on its page."""
    async with only_one(config), open_storage(config) as storage:
        app = App(config, storage, people)
        await store_campaign(storage, read_campaign(sample())[0], clock())
        serving = asyncio.create_task(app.serve(ready := asyncio.Event()))
        await started(serving, ready)
        if serving.done():
            serving.result()  # raises why it could not start
        try:
            yield app
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def sample() -> str:
    """The sample campaign's file, beside the package or, once installed, inside it."""
    here = Path(__file__).parent
    places = (here.parent / "examples", here / "examples")
    found = next(it for it in places if (it / _SAMPLE).exists())
    return (found / _SAMPLE).read_text("utf-8")


def trial(folder: Path, *, port: int = 0) -> Config:
    """A configuration that leaves nothing behind: SQLite in `folder`, the built-in chat alone.

    Whoever will look at the chat gets `usual_port`; otherwise any port will do.
    """
    return build_config(
        {
            "organisers": {"owners": ["local:owner"]},
            "alerts": {"cooldown_seconds": 0},
            "web": {"listen": f"127.0.0.1:{port}"}
            | ({"public_url": f"http://127.0.0.1:{port}"} if port else {}),
            "log": {"level": "warning"},
        },
        folder,
    )


def usual_port() -> int:
    """The port people remember; 0, for any other, when it is taken."""
    with socket.socket() as trying:
        trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            trying.bind(("127.0.0.1", _USUAL_PORT))
            return _USUAL_PORT
    return 0


class Story:
    """The steps, one after the other; each waits for what it should bring about."""

    def __init__(self, app: App, console: Console) -> None:
        self.console = console
        self.chat_url = app.chat_url
        self.local = next(it for it in app.platforms if isinstance(it, Local))

    async def play(self) -> None:
        """The whole day. Raises `StoryError` when something does not happen."""
        self._step(
            "The sample campaign is imported", "examples/kazakhstan.toml, marked as a drill"
        )
        await self._subscribe_everybody()
        await self._send_alert()
        await self._show_notices()
        await self._announce_hearing()
        self._check(await self._all_messages())

    async def stay_open(self) -> None:
        """Leave the chat open until the person has seen enough."""
        self.console.print(
            f"\nGo on as any of them: [bold]{self.chat_url}[/bold]\nCtrl+C ends the demo."
        )
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    # --------------------------------------------------------------------------- the steps

    async def _subscribe_everybody(self) -> None:
        self._step("People subscribe", "each writes to the bot and names a country")
        await self._says("owner", "/start")
        for reader in READERS:
            person = reader.persona.id
            await self._says(person, "/start")
            answer = await self._says(person, f"/country {reader.country}")
            await self._confirm_country(person, answer)
            await self._says(person, "/subscribe KZ")
            self.console.print(
                f"  {reader.persona.name}: [dim]/start · /country {reader.country} · "
                "/subscribe KZ[/dim]"
            )

    async def _confirm_country(self, person: str, answer: Message) -> None:
        """A misspelt country is asked about, never guessed: press what was meant."""
        first = answer.buttons[0][0] if answer.buttons else None
        if first is not None and first.command.startswith("/country "):
            await self._presses(person, first)

    async def _send_alert(self) -> None:
        self._step("The organiser prepares an alert", ALERT.partition("\n")[0])
        preview = await self._says("owner", ALERT)
        self._panel(preview, "The preview", blocks=8)
        send = preview.buttons[0][0]
        self._step("The organiser presses", send.label)
        await self._presses("owner", send)
        with Progress(
            TextColumn("  Delivered"), BarColumn(), MofNCompleteColumn(), console=self.console
        ) as bar:
            task = bar.add_task("", total=len(READERS))
            async with asyncio.timeout(_PATIENCE):
                while (count := await self._delivered()) < len(READERS):
                    bar.update(task, completed=count)
                    await self._something_changes()
            bar.update(task, completed=len(READERS))

    async def _delivered(self) -> int:
        found = [await self._messages(reader.persona.id) for reader in READERS]
        return sum(any(_has_letter(message) for message in messages) for messages in found)

    async def _show_notices(self) -> None:
        for reader in READERS:
            messages = await self._messages(reader.persona.id)
            notice = next((message for message in messages if _has_letter(message)), None)
            if notice is not None:
                self._panel(notice, f"{reader.persona.name} reads", blocks=_FIRST_SCREEN)

    async def _announce_hearing(self) -> None:
        when = datetime.now(UTC).astimezone(ZoneInfo("Asia/Atyrau")) + timedelta(hours=3)
        words = f"/hearing add {CASE} {when:%Y-%m-%d %H:%M} Asia/Atyrau Atyrau City Court No. 2"
        self._step("A hearing is announced for the same day", words)
        answer = await self._says("owner", words)
        self._panel(answer, "The organiser reads", blocks=4)
        async with asyncio.timeout(_PATIENCE):
            while await self._reminded_count() < len(READERS):
                await self._something_changes()
        reminder = next(it for it in await self._messages("dublin") if it.attachments)
        self._panel(reminder, "Reader in Dublin is reminded at once", blocks=6)

    async def _reminded_count(self) -> int:
        found = [await self._messages(reader.persona.id) for reader in READERS]
        return sum(any(message.attachments for message in messages) for messages in found)

    def _check(self, messages: dict[str, Sequence[Message]]) -> None:
        faults = [it for reader in READERS for it in missing(reader, messages[reader.persona.id])]
        if faults:
            raise StoryError("; ".join(faults))
        self.console.print(
            f"\n[green]Done:[/green] {len(READERS)} subscribers in {len(READERS)} countries have "
            "the notice with the contact for their country, and the reminder."
        )

    # ------------------------------------------------------------------------ talking, looking

    async def _says(self, person: str, text: str) -> Message:
        before = await self._count(person)
        await self.local.said(person, text)
        return await self._answer(person, before)

    async def _presses(self, person: str, button: Button) -> None:
        ref = await self._ref_of(person, button)
        await self.local.pressed(person, ref, button.token)

    async def _ref_of(self, person: str, button: Button) -> str:
        lines, _ = await self.local.lines(person)
        for line in reversed(lines):
            if line.ours and button.token in line.content:
                return str(line.id)
        raise StoryError(f"the button “{button.label}” is nowhere to be seen")

    async def _answer(self, person: str, before: int) -> Message:
        try:
            async with asyncio.timeout(_PATIENCE):
                while await self._count(person) <= before:
                    await self._something_changes()
        except TimeoutError:
            raise StoryError(f"{person} got no answer") from None
        return (await self._messages(person))[-1]

    async def _something_changes(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await self.local.next_change().wait()

    async def _count(self, person: str) -> int:
        return len(await self._messages(person))

    async def _messages(self, person: str) -> list[Message]:
        lines, _ = await self.local.lines(person)
        return [unpack_message(line.content) for line in lines if line.ours and line.content]

    async def _all_messages(self) -> dict[str, Sequence[Message]]:
        return {it.persona.id: await self._messages(it.persona.id) for it in READERS}

    def _step(self, title: str, detail: str) -> None:
        self.console.print(f"\n[bold]{title}[/bold]  [dim]{detail}[/dim]")

    def _panel(self, message: Message, title: str, *, blocks: int) -> None:
        shown = Message(blocks=message.blocks[:blocks])
        text = Text(plain(shown))
        if len(message.blocks) > blocks:
            text.append("\n…", style="dim")
        labels = "  ".join(f"[ {button.label} ]" for row in message.buttons for button in row)
        if labels:
            text.append(f"\n\n{labels}", style="cyan")
        self.console.print(Panel(text, title=title, title_align="left", width=88))


def _has_letter(message: Message) -> bool:
    return any(isinstance(block, Copyable) for block in message.blocks)
