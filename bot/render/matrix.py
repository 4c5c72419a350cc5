"""A message as Matrix wants it: a plain `body` and a `formatted_body` of a few allowed tags.

Matrix has no buttons: what a button would do is written below the text, as the command to send.
In a private chat the choices are numbered, for reactions and answers with the number alone. What
only organisers may do gets no number: numbers are answered by way of the homeserver, which could
say another message was meant; a command can only be what was written.

Allowed tags and link schemes: Matrix specification, "m.room.message msgtypes".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.render import html
from handlers.command import Role
from handlers.message import Block, Button, Copyable, Message, Progress, plain
from handlers.registry import COMMANDS

# Keys of reactions, too, so they are written as clients write them.
KEYCAPS = (*(f"{digit}\ufe0f\u20e3" for digit in range(1, 10)), "\U0001f51f")


class _Dialect(html.Dialect):
    def copyable(self, block: Copyable) -> str:
        """A letter as a quotation: clients scroll code sideways instead of wrapping it."""
        paragraphs = re.split(r"\n{2,}", block.text.strip("\n"))
        return html.tag("blockquote", "".join(html.tag("p", html.lines(it)) for it in paragraphs))


_DIALECT = _Dialect()
_DELIBERATE = frozenset(it.name for it in COMMANDS if it.who >= Role.ORGANISER)


def render(message: Message, *, numbered: bool = True) -> tuple[str, str]:
    """The message as (`body`, `formatted_body`); both say the same."""
    body = [_plain(block) for block in message.blocks]
    formatted = html.write(message.blocks, _DIALECT)
    choices = list(_marked(message, numbered=numbered))
    if choices:
        body.append("\n".join(f"{mark} {_plain_choice(button)}" for mark, button in choices))
        lines = [f"{mark} {_choice(button)}" for mark, button in choices]
        formatted += html.tag("p", "<br>".join(lines))
    return html.sendable("\n\n".join(body)), formatted


def choices_of(message: Message) -> list[Button]:
    """The buttons that get a number, in its order."""
    buttons = [button for row in message.buttons for button in row if button.command]
    return [it for it in buttons if _name(it) not in _DELIBERATE][: len(KEYCAPS)]


def _marked(message: Message, *, numbered: bool) -> Iterator[tuple[str, Button]]:
    """What can be chosen, each with its number or with a dot."""
    keycaps = dict(zip(map(id, choices_of(message) if numbered else ()), KEYCAPS, strict=False))
    for row in message.buttons:
        for button in row:
            if not button.copy:
                yield keycaps.get(id(button), "•"), button


def _name(button: Button) -> str:
    return button.command.removeprefix("/").partition(" ")[0]


def typed(command: str) -> str:
    """A command as it is typed here: Element keeps unknown "/commands" to itself."""
    return "!" + command.removeprefix("/")


def _plain(block: Block) -> str:
    return html.bar(block) if isinstance(block, Progress) else plain(Message((block,)))


def _plain_choice(button: Button) -> str:
    if button.url:
        return f"{button.label}: {button.url}"
    return f"{button.label} — {typed(button.command)}"


def _choice(button: Button) -> str:
    if not button.url:
        return f"{html.text(button.label)} — {html.tag('code', html.text(typed(button.command)))}"
    if html.is_web(button.url):
        return html.tag("a", html.text(button.label), href=button.url)
    return html.text(f"{button.label}: {button.url}")
