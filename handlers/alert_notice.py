"""How an alert reads: headline, what to do, by when, to whom — then the letter and the rest.

A pure function of the frozen payload and the reader, so that the preview is what goes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache

from handlers.addressees import Addressee, addressees, same_mission, stands_in
from handlers.alert_payload import AlertPayload
from handlers.campaign import Charge, Target, Words, pick
from handlers.contact_lines import contact_lines, found_blocks, target_blocks
from handlers.content import information_only
from handlers.countries import country_name
from handlers.i18n import Translator
from handlers.letter_blocks import copy_buttons, letter_blocks
from handlers.letter_writing import write
from handlers.message import (
    Block,
    Bold,
    Button,
    Heading,
    Italic,
    Message,
    Paragraph,
    bullets,
    paragraph,
)
from handlers.page_address import address_for
from storage.outbox import Reader


@lru_cache(maxsize=16)
def read_payload(text: str) -> AlertPayload:
    """A payload as it was frozen."""
    return AlertPayload.model_validate_json(text)


def alert(payload: str, reader: Reader, translator: Translator) -> Message:
    """The notice for this reader."""
    return AlertNotice(read_payload(payload), reader, translator).message()


class AlertNotice:
    """One payload read by one reader."""

    def __init__(self, payload: AlertPayload, reader: Reader, translator: Translator) -> None:
        self.payload = payload
        self.case = payload.case
        self.reader = reader
        self.translator = translator
        self.t = translator.t
        self.embassy = payload.embassies.get(reader.country) if payload.own_embassy else None
        self.instead = stands_in(payload, self.embassy) if payload.own_embassy else None
        self.information_only = information_only(reader, payload.country)
        people = addressees(payload, reader.country)
        self.next = next(
            (n for n, it in enumerate(people, 1) if n > 1 and it.can_be_written_to), None
        )
        self.to = people[0] if people else Addressee("", "embassy", ())
        self.letter = write(payload, self.to, translator.language, reader.lot)

    def message(self) -> Message:
        """The whole notice; platforms cut it between paragraphs when it is too long for one."""
        if self.information_only:
            return Message(blocks=tuple(self._information()), buttons=self._last_buttons())
        blocks = (
            *self._first_screen(),
            *self._letter(),
            *self.about(),
            *self._other_targets(),
            self._foot(),
        )
        return Message(blocks=blocks, buttons=self._buttons())

    def words(self, words: Words) -> str:
        """The words in the reader's language, else the campaign's."""
        return pick(words, self.translator.language, self.payload.main_language)

    # ------------------------------------------------------------------------- first screen

    def _first_screen(self) -> Iterator[Block]:
        yield from self._head()
        yield paragraph(Bold(self.t("notice-what-to-do")), " ", self.ask())
        yield from self._to_whom()

    def _head(self) -> Iterator[Block]:
        """What it is about; the same for every reader of a language."""
        if self.payload.drill:
            yield paragraph(Bold(self.t("drill-mark")))
        if self.payload.corrects:
            issued = self.translator.day(self.payload.issued)
            yield paragraph(Italic(self.t("notice-corrected", issued=issued)))
        yield Heading(self.t("notice-headline", headline=self.words(self.payload.headline)))
        country = country_name(self.payload.country, self.translator.language)
        yield paragraph(self.t("notice-case", case=self.words(self.case.title), country=country))

    def _information(self) -> Iterator[Block]:
        """The news and the facts; nothing that asks, and nothing in the organisers' own words but
        the headline, which they are told is for these readers too.
        """
        yield from self._head()
        hearing = self.payload.hearing
        if hearing is not None:
            when = self.translator.wall_time(datetime.fromisoformat(hearing.local))
            place = self.words(hearing.city) or self.translator.zone(hearing.timezone)
            yield paragraph(self.t("notice-hearing", when=when, place=place))
        yield from self._facts()
        yield self._foot()

    def ask(self) -> str:
        """What to do and by when, in one sentence."""
        key = "notice-ask-letter" if self.case.letter else "notice-ask"
        if self._deadline():
            return self.t(f"{key}-by", deadline=self._deadline())
        return self.t(key)

    def _deadline(self) -> str:
        """Until when a letter helps most: the case's deadline, else its next hearing."""
        if self.case.deadline and self.case.deadline >= self.payload.issued:
            return self.translator.day(self.case.deadline)
        hearing = self.payload.hearing
        if hearing is None:
            return ""
        when = self.translator.wall_time(datetime.fromisoformat(hearing.local))
        place = self.words(hearing.city) or self.translator.zone(hearing.timezone)
        return self.t("notice-before-hearing", when=when, place=place)

    def _to_whom(self) -> Iterator[Block]:
        if self.embassy is not None:
            yield from found_blocks(self.embassy, self.translator, self.reader.country)
            if self.instead is not None:
                yield paragraph(self.t("notice-embassy-unreachable"))
                yield from self._target(self.instead)
        elif self.payload.own_embassy:
            yield from self._no_embassy()
        elif self.payload.targets:
            yield from self._target(self.payload.targets[0])

    def _no_embassy(self) -> Iterator[Block]:
        sending = country_name(self.payload.country, self.translator.language)
        if not self.reader.country:
            yield paragraph(self.t("notice-no-country", country=sending))
        else:
            own = country_name(self.reader.country, self.translator.language)
            yield paragraph(self.t("notice-no-embassy", country=sending, own=own))
        if self.instead is not None:
            yield from self._target(self.instead)

    def _target(self, target: Target) -> tuple[Block, ...]:
        return target_blocks(target, self.translator, self.payload.main_language, self._issued())

    def _issued(self) -> date:
        """How old contacts are is judged on the day of the alert: a notice never changes."""
        return date.fromisoformat(self.payload.issued)

    # ----------------------------------------------------------------------------- the rest

    def _letter(self) -> Iterator[Block]:
        if self.letter is None:
            return
        yield Heading(self.t("notice-letter"))
        yield from letter_blocks(
            self.payload, self.letter, self.to, self.translator, self.reader.lot
        )

    def about(self) -> Iterator[Block]:
        """What the organisers write, and the case."""
        if self.information_only:
            yield from self._facts()
            return
        text = self.words(self.payload.text)
        if text:
            yield Heading(self.t("notice-text"))
            yield from (paragraph(part) for part in text.split("\n\n"))
        yield from self._facts()
        if self.case.demands:
            yield paragraph(Bold(self.t("notice-demands")))
            demands = [self.words(demand.text) for demand in self.case.demands]
            yield bullets(*demands, numbered=True)

    def _facts(self) -> Iterator[Block]:
        yield Heading(self.t("notice-case-heading"))
        yield paragraph(self.words(self.case.summary))
        if self.case.charges:
            yield paragraph(Bold(self.t("notice-charges")))
            yield bullets(*[self._charge(charge) for charge in self._standing_charges()])
        if self.case.penalty:
            yield paragraph(self.t("notice-penalty", penalty=self.words(self.case.penalty)))

    def _standing_charges(self) -> list[Charge]:
        """The charges that count now: those replaced only where nothing replaced them."""
        standing = [charge for charge in self.case.charges if not charge.replaced_on]
        return standing or list(self.case.charges)

    def _charge(self, charge: Charge) -> str:
        law = self.words(charge.law)
        text = self.words(charge.text)
        if law and charge.article:
            return self.t("notice-charge", text=text, law=law, article=charge.article)
        return text

    def _further_targets(self) -> list[Target]:
        """The targets that do not stand on the first screen."""
        shown = self._first_target()
        others = [it for it in self.payload.targets if shown is None or it.id != shown.id]
        return [target for target in others if not self._is_own_embassy(target)]

    def _other_targets(self) -> Iterator[Block]:
        others = self._further_targets()
        if others:
            yield Heading(self.t("notice-others"))
            for target in others:
                yield from self._target(target)
        copies = [contact for contact in self.payload.copies_to if contact.usable]
        if copies:  # a hole here is for the organisers, who see it when they import
            yield paragraph(Bold(self.t("notice-copies")))
            yield from contact_lines(copies, self.translator, self._issued())

    def _first_target(self) -> Target | None:
        """The target that stands on the first screen already."""
        if self.payload.own_embassy:
            return self.instead
        return next(iter(self.payload.targets), None)

    def _is_own_embassy(self, target: Target) -> bool:
        """Is this target the very mission the reader was shown as their own?"""
        return same_mission(self.embassy, target)

    def _foot(self) -> Paragraph:
        issued = self.translator.day(self.payload.issued)
        key = "notice-foot-channel" if self.reader.silent else "notice-foot"
        return paragraph(Italic(self.t(key, issued=issued, case=self.case.id)))

    # ------------------------------------------------------------------------------ buttons

    def _buttons(self) -> tuple[tuple[Button, ...], ...]:
        copies = self._copies()
        # Who lives there and wants letters all the same has them in the chat, not in a browser.
        inside = self.reader.country == self.payload.country
        page = "" if inside else address_for(self.payload.page, self.reader)
        if page:
            copies.insert(0, Button(self.t("button-action-page"), url=page))
        rows = tuple((button,) for button in copies)
        if self.reader.silent:
            return rows
        letters = self._letters(without=bool(page))
        return (*rows, *letters, *self._reports(), *self._last_buttons())

    def _last_buttons(self) -> tuple[tuple[Button, ...], ...]:
        """To read more, and to hear no more of it."""
        if self.reader.silent:
            return ()
        more = (
            Button(self.t("button-case"), command=f"/case {self.case.id}"),
            Button(self.t("button-stop-case"), command=f"/unsubscribe {self.case.id}"),
        )
        return (more,)

    def _reports(self) -> Iterator[tuple[Button, ...]]:
        """Two buttons by which readers say what became of what they sent."""
        if self.shown_contacts():
            yield (
                Button(self.t("button-worked"), command=f"/worked {self.case.id}"),
                Button(self.t("button-bounced"), command=f"/bounced {self.case.id}"),
            )

    def shown_contacts(self) -> list[tuple[str, str]]:
        """Kind and value of every contact this reader is shown, in order."""
        if self.information_only:
            return []
        first = self._first_target()
        targets = [*([first] if first else []), *self._further_targets()]
        own = self.embassy.channels if self.embassy else ()
        shown = [(channel.kind, channel.value) for channel in own]
        usable = [it for target in targets for it in target.contacts if it.usable]
        return [*shown, *((it.kind, it.normal) for it in usable)]

    def _letters(self, *, without: bool) -> tuple[tuple[Button, ...], ...]:
        """What the action page has, too: the letters to the others, and everything as files."""
        if self.letter is None or without:
            return ()
        case = self.case.id
        files = Button(self.t("button-files"), command=f"/files {case}")
        if self.next is None:
            return ((files,),)
        others = Button(self.t("button-letters"), command=f"/letter {case} {self.next}")
        return ((others, files),)

    def _copies(self) -> list[Button]:
        if self.letter is not None:
            return copy_buttons(self.letter, self.translator)
        mailbox = self.to.best(("email",))
        if mailbox is None or mailbox.doubtful:
            return []
        return [Button(self.t("button-copy-email"), copy=mailbox.value)]
