"""A message as Matrix wants it: a plain `body` and a `formatted_body` of a few allowed tags.

Matrix has no buttons: what a button would do is written below the text, as the command to send.
Allowed tags and link schemes: Matrix specification, "m.room.message msgtypes".
"""

from __future__ import annotations

from bot.render import html
from handlers.message import Block, Button, Message, Progress, plain

_DIALECT = html.Dialect()


def render(message: Message) -> tuple[str, str]:
    """The message as (`body`, `formatted_body`); both say the same."""
    choices = [button for row in message.buttons for button in row if not button.copy]
    body = [_plain(block) for block in message.blocks]
    formatted = html.write(message.blocks, _DIALECT)
    if choices:
        body.append("\n".join(f"• {_plain_choice(button)}" for button in choices))
        formatted += html.tag("ul", "".join(html.tag("li", _choice(one)) for one in choices))
    return html.sendable("\n\n".join(body)), formatted


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
