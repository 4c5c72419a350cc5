"""What comes in and what goes out, as plain data: no platform, no markup, no network.

A handler receives a `Request` and returns a `Message`. How a message looks on Telegram, Matrix
or the built-in chat is decided in one place, `bot/render/`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count
from typing import Literal

from pydantic import TypeAdapter


class ChatKind(StrEnum):
    """What sort of chat a request came from or a message goes to."""

    PRIVATE = "private"
    GROUP = "group"
    CHANNEL = "channel"


class Event(StrEnum):
    """What happened in the chat."""

    SAID = "said"  # somebody wrote text
    PRESSED = "pressed"  # somebody pressed one of our buttons
    ADDED = "added"  # we may speak in this chat (again): invited, unblocked, added to a group
    REMOVED = "removed"  # we may no longer speak here: blocked, kicked, room left
    MOVED = "moved"  # the chat has a new address (a Telegram group became a supergroup)
    UNREADABLE = "unreadable"  # somebody wrote what we cannot decrypt
    COMPARED = "compared"  # keys are compared with somebody here; `text` is what we see


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in a chat something was said, so that the answer can stand beside it."""

    ref: str  # the platform's id of the message; "" if it was no message
    sender: str
    thread: str = ""  # the message that the thread began with; "" outside of threads


@dataclass(frozen=True, slots=True)
class Proof:
    """What cryptography says about who wrote something, whatever the service says.

    `keys` are public keys of the writer's own, the one that vouches for the others first.
    `chain` and `number` tell this writing from every other one under these keys: what is said
    again under the same two is a repetition, and not the writer's.
    """

    keys: tuple[str, ...]
    chain: str
    number: int


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that happened in a chat, already translated from the platform's own words."""

    platform: str
    event_id: str  # the platform's id of this update; the same id twice is the same update
    address: str  # the chat to answer in
    sender: str  # the platform's immutable id of the person; never a display name
    sent_at: int  # when the platform says it happened, Unix seconds UTC
    kind: ChatKind = ChatKind.PRIVATE
    event: Event = Event.SAID
    text: str = ""  # what was typed; for PRESSED, empty
    # For PRESSED: the token the button carried, "" if it cannot be read any more. For SAID: of the
    # choice whose number was typed; an open question comes before it.
    button: str = ""
    message_ref: str = ""  # for PRESSED: the message that the answer may replace; "" for none
    language: str = ""  # what the client says its language is, "" if unknown
    is_admin: bool | None = (
        None  # in groups: may the sender administer it? None: could not be asked
    )
    doubt: str = ""  # why privileged commands must not be believed: "forwarded", "edited", …
    moved_to: str = ""  # for MOVED: the new address
    origin: Origin | None = None  # where platforms put an answer beside what it answers
    proof: Proof | None = None  # None where nothing but the service's word says who wrote this


# ------------------------------------------------------------------------------------- spans


@dataclass(frozen=True, slots=True)
class Bold:
    """Emphasised text."""

    text: str
    kind: Literal["bold"] = "bold"


@dataclass(frozen=True, slots=True)
class Italic:
    """Quieter text: notes, dates of checks."""

    text: str
    kind: Literal["italic"] = "italic"


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a web page; `url` is http or https, nothing else (see `field.md` on mailto)."""

    text: str
    url: str
    kind: Literal["link"] = "link"


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail address; tappable wherever the platform can do it safely."""

    address: str
    kind: Literal["email"] = "email"


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter about to be written to `address`: where the platform can do it safely, `text` opens
    the mail program with all of it filled in; elsewhere only the address is shown.
    """

    address: str
    text: str
    copies: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""
    kind: Literal["mail"] = "mail"


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone or fax number: `number` in E.164, `text` as people read it."""

    number: str
    text: str
    kind: Literal["phone"] = "phone"


@dataclass(frozen=True, slots=True)
class Code:
    """A command or an id to type or copy exactly."""

    text: str
    kind: Literal["code"] = "code"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time (`at`, Unix seconds UTC) with the words a reader sees everywhere."""

    at: int
    text: str
    kind: Literal["moment"] = "moment"


Span = str | Bold | Italic | Link | Email | Mail | Phone | Code | Moment

# ------------------------------------------------------------------------------------ blocks


@dataclass(frozen=True, slots=True)
class Heading:
    """The first words of a part of a message."""

    text: str
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; may contain line breaks."""

    spans: tuple[Span, ...]
    kind: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list, in order; `numbered` counts the items from `first`."""

    items: tuple[tuple[Span, ...], ...]
    numbered: bool = False
    first: int = 1
    kind: Literal["bullets"] = "bullets"


@dataclass(frozen=True, slots=True)
class Copyable:
    """A text to take over as it is (the letter): copied in one tap where the platform can."""

    text: str
    kind: Literal["copyable"] = "copyable"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is: drawn as a bar."""

    done: int
    total: int
    kind: Literal["progress"] = "progress"


Block = Heading | Paragraph | Bullets | Copyable | Progress


@dataclass(frozen=True, slots=True)
class Button:
    """One thing to press. Exactly one of `command`, `url` and `copy` is set.

    `command` is what pressing it does, written as if typed ("/country GB", at most 44 bytes).
    `lasts` is for how many seconds the button is honoured. `token` is filled in by the relay:
    the signed form of the command, bound to the chat it is shown in.
    """

    label: str
    command: str = ""
    url: str = ""
    copy: str = ""
    lasts: int = 90 * 86400
    token: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A small file that goes with the message (calendar entry, contact card, letter)."""

    filename: str
    mime: str
    text: str  # all our attachments are text formats


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one chat, before any platform's markup."""

    blocks: tuple[Block, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()  # rows of buttons
    attachments: tuple[Attachment, ...] = ()
    silent: bool = False  # arrives without a sound
    protected: bool = False  # must not be forwarded: organisers' previews
    in_place: bool = False  # replaces the message whose button was pressed
    erase: bool = False  # a last word after /forget: keep no trace of having sent it
    answers: Origin | None = None  # filled in by the intake: somebody waits for this, there

    def also(self, *blocks: Block) -> Message:
        """The same message with more blocks at its end."""
        return replace(self, blocks=self.blocks + blocks)


def paragraph(*spans: Span) -> Paragraph:
    """A paragraph of these spans."""
    return Paragraph(spans)


def bullets(*items: Span | tuple[Span, ...], numbered: bool = False) -> Bullets:
    """A list; an item is one span or several."""
    return Bullets(tuple(item if isinstance(item, tuple) else (item,) for item in items), numbered)


def plain(message: Message) -> str:
    """The words of a message without any markup, for terminals and tests."""
    return "\n\n".join(_plain_block(block) for block in message.blocks)


def _plain_block(block: Block) -> str:
    match block:
        case Heading(text=text) | Copyable(text=text):
            return text
        case Paragraph(spans=spans):
            return plain_spans(spans)
        case Bullets(items=items, numbered=numbered, first=first):
            marks = (f"{number}." if numbered else "•" for number in count(first))
            return "\n".join(f"{next(marks)} {plain_spans(item)}" for item in items)
        case Progress(done=done, total=total):
            return f"{done} / {total}"


def plain_spans(spans: tuple[Span, ...]) -> str:
    """The words of some spans, links with their address behind them."""
    return "".join(_plain_span(span) for span in spans)


def _plain_span(span: Span) -> str:
    match span:
        case str():
            return span
        case Link(text=text, url=url):
            return text if text == url else f"{text} ({url})"
        case Email(address=address) | Mail(address=address):
            return address
        case _:
            return span.text


_MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
_REQUEST: TypeAdapter[Request] = TypeAdapter(Request)


def pack_message(message: Message) -> str:
    """A message as JSON, for the outbox."""
    return _MESSAGE.dump_json(message).decode()


def unpack_message(text: str) -> Message:
    """The message that `pack_message` packed."""
    return _MESSAGE.validate_json(text)


def pack_request(request: Request) -> str:
    """A request as JSON, for the inbox."""
    return _REQUEST.dump_json(request).decode()


def unpack_request(text: str) -> Request:
    """The request that `pack_request` packed."""
    return _REQUEST.validate_json(text)
