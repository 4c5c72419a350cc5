"""What a command is, what it is given, and how it says no.

    @command("pause", who=Role.CHAT_ADMIN)
    async def pause(ctx: Context) -> Message: ...

A handler reads its `Context`, changes rows through `ctx.session`, returns a `Message` or raises
`UserError`. It never sends, commits or makes markup. Whoever may not use a command never reaches
its function: roles are data here, checked in one place (`bot/dispatcher.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import IntEnum
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.i18n import Translator, prefix_of
from handlers.message import ChatKind, Message, Request, pack_message, paragraph
from storage import organisers, outbox, subscribers
from storage.models import Delivery, Organiser, Subscriber

if TYPE_CHECKING:
    from storage.directory import Directory


class Role(IntEnum):
    """Who may use a command; each role may do what the ones before it may."""

    ANYONE = 0
    CHAT_ADMIN = 1  # in a private chat the person, in a group one who administers it
    ORGANISER = 2
    OWNER = 3


class UserError(Exception):
    """Something the person can put right: the key of a text that says what and how."""

    def __init__(self, key: str, /, **args: str | int) -> None:
        super().__init__(key)
        self.key = key
        self.args_of_text = args
        self.message: Message | None = None

    def offering(self, message: Message) -> UserError:
        """The same error with more to say or press than a text can hold."""
        self.message = message
        return self


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator decided in the configuration, as far as handlers need it."""

    approvals: int = 0  # 1, 2, or 0: two as soon as there are two organisers
    cooldown: int = 90  # seconds between the last yes and the first message
    newcomers_alarm: int = 200  # new subscriptions in an hour of which organisers are told
    newcomers_cap: int = 0  # how many are taken in an hour; 0 for any number
    public_url: str = ""  # where the world sees our pages, without a slash at its end; "" nowhere


@dataclass(slots=True)
class Context:
    """One command being carried out, inside one transaction."""

    session: AsyncSession
    request: Request
    now: int  # Unix seconds UTC
    translator: Translator
    subscriber: Subscriber
    organiser: Organiser | None
    directory: Directory
    rules: Rules = field(default_factory=Rules)
    args: str = ""  # what follows the command's name, line breaks kept

    @property
    def today(self) -> date:
        """The day in UTC."""
        return datetime.fromtimestamp(self.now, UTC).date()

    @property
    def private(self) -> bool:
        """Is this a chat with one person?"""
        return self.request.kind == ChatKind.PRIVATE

    def t(self, key: str, /, **args: str | int) -> str:
        """A text in the reader's language."""
        return self.translator.t(key, **args)

    def says(self, key: str, /, **args: str | int) -> Message:
        """A message of one paragraph."""
        return Message(blocks=(paragraph(self.t(key, **args)),))

    async def enqueue(self, message: Message) -> Delivery:
        """Queue a message to this chat now, for those who must know its delivery."""
        return await outbox.enqueue(
            self.session,
            platform=self.request.platform,
            address=self.request.address,
            body=pack_message(message),
            now=self.now,
            subscriber=self.subscriber,
        )


async def tell_organisers(
    session: AsyncSession,
    now: int,
    compose: Callable[[Translator], Message],
    *,
    except_for: int | None = None,
    except_chat: bytes | None = None,
    except_platform: str = "",
) -> int:
    """Queue a message to every organiser we can reach, each in their language; how many."""
    told = 0
    for organiser in await organisers.active(session):
        address = organisers.chat_of(session, organiser)
        if not address or organiser.id == except_for or organiser.platform == except_platform:
            continue
        if subscribers.chat_index(session, organiser.platform, address) == except_chat:
            continue
        subscriber = await subscribers.find(session, organiser.platform, address)
        language = subscriber.language if subscriber else ""
        translator = Translator(language, prefix_of(organiser.platform))
        await outbox.enqueue(
            session,
            platform=organiser.platform,
            address=address,
            body=pack_message(compose(translator)),
            now=now,
            subscriber=subscriber,
        )
        told += 1
    return told


Handler = Callable[[Context], Awaitable[Message | None]]
"""A command's function; None when it has queued its answer itself."""


@dataclass(frozen=True, slots=True)
class Command:
    """A word people may type, or a button stands for."""

    name: str
    run: Handler
    who: Role = Role.ANYONE
    private_only: bool = False
    hidden: bool = False  # works, but help does not list it
    fresh: bool = False  # sends something: not believed when typed long ago
    organisers_if: Callable[[str], bool] | None = None  # arguments with which it is theirs alone

    def for_args(self, args: str) -> Command:
        """The same command with the rules that hold for what was written behind it."""
        if self.organisers_if is None or not self.organisers_if(args):
            return self
        return replace(self, who=Role.ORGANISER, private_only=True, fresh=True)

    @property
    def summary(self) -> str:
        """The key of the line that help shows."""
        return f"help-{self.name}"


def command(
    name: str,
    *,
    who: Role = Role.ANYONE,
    private_only: bool = False,
    hidden: bool = False,
    fresh: bool = False,
    organisers_if: Callable[[str], bool] | None = None,
) -> Callable[[Handler], Command]:
    """Make a handler the command `name`. Organisers' and owners' commands are private only."""

    def declare(run: Handler) -> Command:
        private = private_only or who >= Role.ORGANISER
        return Command(name, run, who, private, hidden, fresh, organisers_if)

    return declare
