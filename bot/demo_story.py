"""The people of the demo and what each of them must have been told at its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.platforms.local import Persona
from handlers.message import ChatKind, Message, plain

CASE = "bokayev-ayan"
ALERT = (
    f"/alert {CASE} Trial opens tomorrow in Atyrau\n"
    "Max Bokayev and Talgat Ayan go on trial for planning a peaceful rally. "
    "The hearing was announced only now. Letters that arrive before it starts count most.\n"
    "[ru] Завтра в Атырау начинается суд\n"
    "Макса Бокаева и Талгата Аяна судят за подготовку мирного митинга. "
    "О заседании сообщили только сейчас. Важнее всего письма, которые придут до его начала."
)


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscriber of the story: what they type, and what their notice must say."""

    persona: Persona
    country: str  # as they would write it
    expects: tuple[str, ...]  # words that must be in their notice


OWNER = Persona("owner", "Organiser", "anywhere", "en", organiser=True)

READERS: Sequence[Reader] = (
    Reader(Persona("london", "Reader in London", "London", "en"), "Brittain", ("london@mfa.kz",)),
    Reader(
        Persona("brussels", "Читатель в Брюсселе", "Brussels", "ru"),
        "Бельгия",
        ("brussels@mfa.kz", "УЧЕНИЯ"),
    ),
    Reader(Persona("dublin", "Reader in Dublin", "Dublin", "en"), "IE", ("london@mfa.kz",)),
    Reader(
        Persona("vienna", "Solidarity group", "Vienna", "en", kind=ChatKind.GROUP),
        "Austria",
        ("Vienna", "mission@kazakhstan-geneva.ch"),
    ),
    Reader(
        Persona("nairobi", "Reader in Nairobi", "Nairobi", "en"),
        "Kenya",
        ("mission@kazakhstan-geneva.ch",),
    ),
)


def missing(reader: Reader, messages: Sequence[Message]) -> Iterator[str]:
    """What this reader should have been sent and was not."""
    texts = [plain(message) for message in messages]
    notice = next((it for it in texts if all(words in it for words in reader.expects)), None)
    if notice is None:
        yield f"{reader.persona.name}: no notice with {' and '.join(reader.expects)}"
    if not any(_is_reminder(message) for message in messages):
        yield f"{reader.persona.name}: no reminder of the hearing"


def _is_reminder(message: Message) -> bool:
    return any(it.filename.endswith(".ics") for it in message.attachments)
