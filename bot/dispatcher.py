"""Request → command → Message: who may, what was meant, and the one place where it is refused."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from bot.buttons import ForeignButtonError, Signer, StaleButtonError
from handlers import comparison, trust
from handlers.command import Command, Context, Role, Rules, UserError
from handlers.i18n import Translator, known_language, prefix_of
from handlers.message import ChatKind, Event, Message, Request
from handlers.registry import COMMANDS, WELCOME
from handlers.services import service_of
from handlers.words import clean
from storage import dialogues, organisers, subscribers
from storage.directory import Directory
from storage.models import Organiser, Subscriber, SubscriberState

_FRESH = 600  # seconds a typed word that sends something is believed


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the chat."""

    message: Message
    subscriber: Subscriber | None


class Dispatcher:
    """Finds the command a request means and carries it out in the caller's transaction."""

    def __init__(
        self,
        signer: Signer,
        directory: Directory,
        rules: Rules,
        clock: Callable[[], int],
        commands: Sequence[Command] = COMMANDS,
    ) -> None:
        self._signer = signer
        self._directory = directory
        self._rules = rules
        self._clock = clock
        self._commands: Mapping[str, Command] = {command.name: command for command in commands}

    async def handle(self, session: AsyncSession, request: Request) -> Reply | None:
        """Do what the request asks; None when it deserves no answer."""
        now = self._clock()
        known = await subscribers.find(session, request.platform, request.address)
        if request.event == Event.REMOVED:
            await _lose(session, known, now)
            return None
        if request.event == Event.MOVED:
            if known is not None:
                await subscribers.move(session, known, request.moved_to)
            return None
        if not self._concerns_us(request):
            if known is not None and request.event == Event.ADDED:
                await _welcome_back(session, known)
            return None
        ctx = await self._context(session, request, now)
        message = await self._answer(ctx, met_before=known is not None)
        if message is None:
            return None
        return Reply(message, None if message.erase else ctx.subscriber)

    def _concerns_us(self, request: Request) -> bool:
        """Readers of a channel never make us post there; talk in a group is not for us."""
        if request.event != Event.SAID:
            return request.kind != ChatKind.CHANNEL
        return request.kind == ChatKind.PRIVATE or _split(request.text) is not None

    async def _context(self, session: AsyncSession, request: Request, now: int) -> Context:
        subscriber = await subscribers.meet(
            session, request.platform, request.address, kind=request.kind, now=now
        )
        await _welcome_back(session, subscriber)
        if not subscriber.language:
            subscriber.language = known_language(request.language)
        language = subscriber.language or known_language(request.language)
        organiser, doubt = await self._organiser(session, request)
        return Context(
            session=session,
            request=replace(request, doubt=doubt),
            now=now,
            translator=Translator(language, prefix_of(request.platform)),
            subscriber=subscriber,
            organiser=organiser,
            directory=self._directory,
            rules=self._rules,
        )

    async def _organiser(
        self, session: AsyncSession, request: Request
    ) -> tuple[Organiser | None, str]:
        """The organiser who asks, if it is certainly them; else why it is in doubt."""
        if request.kind != ChatKind.PRIVATE:
            return None, request.doubt
        organiser = await organisers.find(session, service_of(request.platform), request.sender)
        if organiser is None or not organiser.active:
            return None, request.doubt
        doubt = trust.doubt_about(session, organiser, request)
        if doubt:
            return None, doubt
        organisers.remember_chat(session, organiser, request.platform, request.address)
        return organiser, ""

    async def _answer(self, ctx: Context, *, met_before: bool) -> Message | None:
        try:
            async with ctx.session.begin_nested():  # a refused command leaves nothing behind
                if ctx.request.event == Event.ADDED:
                    return None if met_before else await self._commands[WELCOME].run(ctx)
                if ctx.request.event == Event.COMPARED:
                    return comparison.compared(ctx)
                if ctx.request.event == Event.UNREADABLE:
                    return ctx.says("message-unreadable")
                command = await self._command(ctx)
                self._admit(ctx, command)
                return await command.run(ctx)
        except UserError as error:
            if error.key == f"doubt-{ctx.request.doubt}":
                await trust.alarm(ctx, str(error.args_of_text["name"]))
            if error.message is not None:
                return error.message
            return ctx.says(error.key, **error.args_of_text)

    async def _command(self, ctx: Context) -> Command:
        request = ctx.request
        # Cleaned once, for all: what turns a line around must not come back in an answer.
        text = self._pressed(ctx) if request.event == Event.PRESSED else clean(request.text)
        name, ctx.args = _split(text) or await self._answered(ctx, text)
        if name not in self._commands:
            raise self._unknown(name)
        return self._commands[name].for_args(ctx.args)

    async def _answered(self, ctx: Context, text: str) -> tuple[str, str]:
        """What plain words mean: the answer to a question, or the number of a choice.

        Of the question's own choices a number is one; any other question comes before them.
        """
        request = ctx.request
        question = await dialogues.answer(ctx.session, request.platform, request.address, ctx.now)
        own = f"/{request.button}".startswith(f"{question} ")
        if question and not own:
            return _split(f"{question} {text}") or ("", "")
        if request.button:
            return _split(self._pressed(ctx)) or ("", "")
        raise UserError("not-a-command")

    def _pressed(self, ctx: Context) -> str:
        request = ctx.request
        if not request.button:
            raise UserError("button-unread")
        try:
            return self._signer.read(request.button, request.platform, request.address, ctx.now)
        except ForeignButtonError:
            raise UserError("button-foreign") from None
        except StaleButtonError:
            raise UserError("button-stale") from None

    def _unknown(self, name: str) -> UserError:
        shown = [command.name for command in self._commands.values() if not command.hidden]
        near = difflib.get_close_matches(name, shown, n=1)
        if near:
            return UserError("command-unknown-near", name=name[:40], near=near[0])
        return UserError("command-unknown", name=name[:40])

    def _admit(self, ctx: Context, command: Command) -> None:
        """Refuse a command to those it is not for. Raises `UserError` with the reason."""
        if command.private_only and not ctx.private:
            raise UserError("private-only", name=command.name)
        if command.who >= Role.ORGANISER:
            self._admit_organiser(ctx, command)
        elif command.who == Role.CHAT_ADMIN and not ctx.private:
            _admit_chat_admin(ctx)

    def _admit_organiser(self, ctx: Context, command: Command) -> None:
        if ctx.request.doubt:
            raise UserError(f"doubt-{ctx.request.doubt}", name=command.name)
        if ctx.organiser is None:
            raise UserError("organisers-only", name=command.name)
        if command.who == Role.OWNER and ctx.organiser.role != organisers.OWNER:
            raise UserError("owners-only", name=command.name)
        if command.fresh and ctx.now - ctx.request.sent_at > _FRESH:
            raise UserError("command-stale", name=command.name)


def _admit_chat_admin(ctx: Context) -> None:
    if ctx.request.doubt in ("anonymous", "channel"):
        raise UserError("admins-anonymous")
    if ctx.request.doubt in ("plaintext", "unverified"):
        raise UserError("admins-doubted")
    if ctx.request.is_admin is None:
        raise UserError("admins-unknown")
    if not ctx.request.is_admin:
        raise UserError("admins-only")


async def _lose(session: AsyncSession, subscriber: Subscriber | None, now: int) -> None:
    if subscriber is not None:
        subscriber.state = SubscriberState.GONE
        await subscribers.drop_queued(session, subscriber, now)


async def _welcome_back(session: AsyncSession, subscriber: Subscriber) -> None:
    """Whoever is heard again after they had gone gets what they followed."""
    if subscriber.state != SubscriberState.GONE:
        return
    follows = await subscribers.follows(session, subscriber)
    subscriber.state = SubscriberState.ACTIVE if follows else SubscriberState.VISITOR


def _split(text: str) -> tuple[str, str] | None:
    """The command's name and the rest, of "/name rest", "!name rest" or "/name@bot rest"."""
    text = text.strip()
    if text[:1] not in ("/", "!") or not text[1:2].isalpha():
        return None
    first, *rest = text[1:].split(maxsplit=1)
    name = first.partition("@")[0].lower()
    return name, rest[0] if rest else ""
