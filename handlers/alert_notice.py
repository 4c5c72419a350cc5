"""How an alert reads: headline, what to do, by when, to whom — then the letter and the rest.

A pure function of the frozen payload and the reader, so that the preview is what goes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache

from handlers.alert_payload import AlertPayload
from handlers.campaign import Charge, Letter, Target, Words, pick
from handlers.contact_lines import contact_lines, found_blocks, target_blocks
from handlers.content import information_only
from handlers.countries import country_name
from handlers.embassies import Found
from handlers.i18n import Translator
from handlers.message import (
    Block,
    Bold,
    Button,
    Copyable,
    Heading,
    Italic,
    Message,
    Paragraph,
    bullets,
    paragraph,
)
from storage.outbox import Reader

_COPYABLE = 256  # characters Telegram puts into a copy button


@lru_cache(maxsize=16)
def _payload(text: str) -> AlertPayload:
    return AlertPayload.model_validate_json(text)


def alert(payload: str, reader: Reader, translator: Translator) -> Message:
    """The notice for this reader."""
    return AlertNotice(_payload(payload), reader, translator).message()


class AlertNotice:
    """One payload read by one reader."""

    def __init__(self, payload: AlertPayload, reader: Reader, translator: Translator) -> None:
        self.payload = payload
        self.case = payload.case
        self.reader = reader
        self.translator = translator
        self.t = translator.t
        self.embassy = payload.embassies.get(reader.country) if payload.own_embassy else None
        self.information_only = information_only(reader, payload.country)

    def message(self) -> Message:
        """The whole notice; platforms cut it between paragraphs when it is too long for one."""
        if self.information_only:
            return Message(blocks=tuple(self._information()), buttons=self._last_buttons())
        blocks = (*self._first_screen(), *self._letter(), *self._details(), self._foot())
        return Message(blocks=blocks, buttons=self._buttons())

    def words(self, words: Words) -> str:
        """The words in the reader's language, else the campaign's."""
        return pick(words, self.translator.language, self.payload.main_language)

    # ------------------------------------------------------------------------- first screen

    def _first_screen(self) -> Iterator[Block]:
        yield from self._head()
        yield paragraph(Bold(self.t("notice-what-to-do")), " ", self._ask())
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

    def _ask(self) -> str:
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
            if not self._reachable() and self.payload.fallback is not None:
                yield paragraph(self.t("notice-embassy-unreachable"))
                yield from self._target(self.payload.fallback)
        elif self.payload.own_embassy:
            yield from self._no_embassy()
        elif self.payload.targets:
            yield from self._target(self.payload.targets[0])

    def _reachable(self) -> bool:
        """Is there a way to write to or call the reader's embassy?"""
        return self.embassy is not None and self.embassy.reachable

    def _no_embassy(self) -> Iterator[Block]:
        sending = country_name(self.payload.country, self.translator.language)
        if not self.reader.country:
            yield paragraph(self.t("notice-no-country", country=sending))
        else:
            own = country_name(self.reader.country, self.translator.language)
            yield paragraph(self.t("notice-no-embassy", country=sending, own=own))
        if self.payload.fallback is not None:
            yield from self._target(self.payload.fallback)

    def _target(self, target: Target) -> tuple[Block, ...]:
        return target_blocks(target, self.translator, self.payload.main_language, self._issued())

    def _issued(self) -> date:
        """How old contacts are is judged on the day of the alert: a notice never changes."""
        return date.fromisoformat(self.payload.issued)

    # ----------------------------------------------------------------------------- the rest

    def _letter(self) -> Iterator[Block]:
        letter = self.case.letter
        if letter is None:
            return
        subject, body = self._letter_words(letter)
        yield Heading(self.t("notice-letter"))
        yield paragraph(self.t("notice-letter-subject", subject=subject))
        yield Copyable(f"{self._greeting()}\n\n{body}")
        yield paragraph(Italic(self.t("notice-letter-how")))

    def _greeting(self) -> str:
        """How the letter begins, by whom it goes to first."""
        target = self._first_target()
        salutation = self.words(target.salutation) if target and target.salutation else ""
        return salutation or self.t("letter-greeting")

    def _letter_words(self, letter: Letter) -> tuple[str, str]:
        return self.words(letter.subject), self.words(letter.body)

    def _details(self) -> Iterator[Block]:
        text = self.words(self.payload.text)
        if text:
            yield Heading(self.t("notice-text"))
            yield from (paragraph(part) for part in text.split("\n\n"))
        yield from self._facts()
        if self.case.demands:
            yield paragraph(Bold(self.t("notice-demands")))
            demands = [self.words(demand.text) for demand in self.case.demands]
            yield bullets(*demands, numbered=True)
        yield from self._other_targets()

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
            return None if self._reachable() else self.payload.fallback
        return next(iter(self.payload.targets), None)

    def _is_own_embassy(self, target: Target) -> bool:
        """Is this target the very mission the reader was shown as their own?"""
        mission, own = target.mission, self.embassy
        return mission is not None and own is not None and _same_mission(own, target)

    def _foot(self) -> Paragraph:
        issued = self.translator.day(self.payload.issued)
        key = "notice-foot-channel" if self.reader.silent else "notice-foot"
        return paragraph(Italic(self.t(key, issued=issued, case=self.case.id)))

    # ------------------------------------------------------------------------------ buttons

    def _buttons(self) -> tuple[tuple[Button, ...], ...]:
        copies = [
            Button(self.t(key), copy=text)
            for key, text in self._worth_copying()
            if 0 < len(text) <= _COPYABLE
        ]
        rows = tuple((button,) for button in copies)
        return rows if self.reader.silent else (*rows, *self._reports(), *self._last_buttons())

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

    def _worth_copying(self) -> Iterator[tuple[str, str]]:
        yield "button-copy-address", self._first_address()
        if self.case.letter is not None:
            yield "button-copy-subject", self.words(self.case.letter.subject)

    def _first_address(self) -> str:
        """The e-mail address the reader is asked to write to first; "" if there is none."""
        embassy = self.embassy.channels if self.embassy else ()
        target = self._first_target()
        known = [(it.doubtful, it.value) for it in embassy if it.kind == "email"]
        if target is not None:
            emails = [it for it in target.contacts if it.kind == "email" and it.usable]
            known += [(it.doubtful, it.normal) for it in emails]
        return min(known, key=lambda it: it[0])[1] if known else ""  # doubtful ones last


def _same_mission(found: Found, target: Target) -> bool:
    mission = target.mission
    if mission is None:
        return False
    same_city = not mission.city or mission.city.casefold() == found.city.casefold()
    return (mission.host, mission.kind) == (found.host, found.kind) and same_city
