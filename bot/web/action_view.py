"""What the templates of the action page are filled with: cards, links, the letter in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlencode

from markupsafe import Markup

from bot.render import html
from handlers.action_page import Action
from handlers.addressees import Addressee, addressees
from handlers.alert_notice import AlertNotice
from handlers.contact_lines import mission_name, noted, why
from handlers.countries import country_codes, country_name
from handlers.embassy_channels import Channel
from handlers.i18n import Translator, languages
from handlers.letter import Letter, mail
from handlers.letter_writing import in_own_words, write
from handlers.mailto import mailto
from handlers.message import Heading, Mail
from handlers.prisoner import prisoner_blocks, with_address
from storage.outbox import Reader

_OWN_WORDS = 600  # characters of an address: some 400 English ones, or 100 Russian ones


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands behind the question mark of the address, checked."""

    language: str
    country: str = ""
    lot: int = 0

    def query(self, **more: str) -> str:
        """The same again, with more or other things asked."""
        same = {"country": self.country, "lang": self.language, "v": self.lot and str(self.lot)}
        asked = {name: value for name, value in {**same, **more}.items() if value}
        return "?" + urlencode(asked)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach somebody."""

    kind: str
    label: str
    shown: str
    href: str  # "" where nothing can be opened
    note: str


@dataclass(frozen=True, slots=True)
class Card:
    """Somebody to write to, with what can be pressed."""

    key: str
    name: str
    why: str
    ways: tuple[Way, ...]
    letter: Letter | None
    opens: str  # the mail program, with the letter in it
    opens_short: bool  # a shorter letter than the one shown
    roomy: str = ""  # the same with a letter still shorter, so that own words fit in


@dataclass(frozen=True)
class _Page(html.Dialect):
    def heading(self, block: Heading) -> str:
        return html.tag("h3", html.text(block.text))


@dataclass
class View:
    """The page as one reader asked for it."""

    action: Action
    asked: Asked
    t: Translator = field(init=False)

    def __post_init__(self) -> None:
        self.t = Translator(self.asked.language)
        self.payload = self.action.payload
        reader = Reader(language=self.asked.language, country=self.asked.country)
        self.notice = AlertNotice(self.payload, reader, self.t)
        self.people = [] if self.inside else addressees(self.payload, self.asked.country)

    @property
    def headline(self) -> str:
        """What has happened, in one line."""
        return self.notice.words(self.payload.headline)

    @property
    def title(self) -> str:
        """The case, and whose authorities are asked."""
        case, country = self.notice.words(self.payload.case.title), self.sending
        return self.t.t("notice-case", case=case, country=country)

    @property
    def sending(self) -> str:
        """The country whose authorities are asked."""
        return country_name(self.payload.country, self.t.language)

    @property
    def summary(self) -> str:
        """The case in a sentence or two."""
        return self.notice.words(self.payload.case.summary)

    @property
    def lead(self) -> str:
        """Why the first one is not an embassy, where one would be expected."""
        found = self.people and self.people[0].found
        if not self.payload.own_embassy or found or self.inside:
            return ""
        mission = self.payload.embassies.get(self.asked.country)
        if mission is not None:  # but no way to it
            key = "page-doubtful" if mission.reachable else "page-unreachable"
            return self.t.t(key, mission=mission_name(mission, self.t))
        if not self.asked.country:
            return self.t.t("page-no-country", country=self.sending)
        own = country_name(self.asked.country, self.t.language)
        return self.t.t("notice-no-embassy", country=self.sending, own=own)

    @property
    def inside(self) -> bool:
        """Does the reader live where the letters go? Then nothing is offered: it may harm them."""
        return self.asked.country == self.payload.country

    def cards(self) -> list[Card]:
        """Everybody that can be reached, the reader's own first."""
        return [self.card(to) for to in self.people if to.can_be_written_to]

    def card(self, to: Addressee) -> Card:
        """Somebody, with their letter."""
        letter = self.letter(to)
        draft = mail(letter, self.t) if letter else _blank(to)
        return Card(
            key=to.key,
            name=to.named(self.t, self.payload.main_language),
            why=why(to.found, self.t, self.asked.country) if to.found else "",
            ways=tuple(self._way(channel) for channel in to.channels),
            letter=letter,
            opens=mailto(draft) if draft else "",
            opens_short=bool(draft and letter and draft.body != letter.text),
            roomy=self._roomy(letter) if letter and to is self.people[0] else "",
        )

    def _roomy(self, letter: Letter) -> str:
        draft = mail(letter, self.t, room=_OWN_WORDS)
        return mailto(draft) if draft and draft.body else ""

    def letter(self, to: Addressee) -> Letter | None:
        """The letter to somebody, in the wording the reader was shown in the chat."""
        return write(self.payload, to, self.t.language, self.asked.lot)

    def meaning(self, to: Addressee, letter: Letter) -> Letter | None:
        """The letter in the reader's language, where it is in another."""
        return in_own_words(self.payload, letter, to, self.t.language, self.asked.lot)

    def person(self, key: str) -> Addressee | None:
        """Who is meant by a key in an address."""
        return next((to for to in self.people if to.key == key), None)

    def about(self) -> Markup:
        """The organisers' text and the case."""
        written = html.write(self.notice.about(), _Page())
        return Markup(written)  # noqa: S704 - write escapes

    def prisoners(self) -> Markup:
        """Messages to those in prison who agreed to get them; "" if there are none."""
        people = [] if self.inside else with_address(self.payload.case)
        blocks = prisoner_blocks(people, self.t, self.payload.main_language)
        return Markup(html.write(blocks, _Page()))  # noqa: S704 - write escapes

    def countries(self) -> list[tuple[str, str]]:
        """Code and name of every country, by name."""
        return _countries(self.t.language)

    def tongues(self) -> Iterator[tuple[str, str]]:
        """Code and own name of every language the page is there in."""
        return ((code, self.t.name_of_language(code)) for code in languages())

    def _way(self, channel: Channel) -> Way:
        return Way(
            kind=channel.kind,
            label=self.t.t(f"contact-{channel.kind}"),
            shown=channel.shown or channel.value,
            href=_opened(channel),
            note=noted(channel, self.t),
        )


def _blank(to: Addressee) -> Mail | None:
    mailbox = to.best(("email",))
    return Mail(mailbox.value, mailbox.value) if mailbox and not mailbox.doubtful else None


def _opened(channel: Channel) -> str:
    """What a tap on the address itself opens."""
    match channel.kind:
        case "phone":
            return f"tel:{channel.value}"
        case "email":
            return mailto(Mail(channel.value, channel.value))
        case "web" if html.is_web(channel.value):
            return channel.value
        case _:
            return ""


@lru_cache(maxsize=8)
def _countries(language: str) -> list[tuple[str, str]]:
    named = [(code, country_name(code, language)) for code in country_codes()]
    return sorted(named, key=lambda it: it[1].casefold().replace("ё", "е"))
