"""Writes a letter: the addressee's salutation, the case's facts, the demands in some wording.

What frames the facts depends on who reads it (an official, an embassy, a member of parliament, a
union) and stands in the locale of the language that the letter is in, not the sender's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from handlers.addressees import Addressee, copies_of
from handlers.alert_payload import AlertPayload
from handlers.campaign import Demand, ModelLetter, Words, pick
from handlers.i18n import Translator, languages
from handlers.letter import CHANNELS, Letter


def write(
    payload: AlertPayload, to: Addressee, reader_language: str, lot: int = 0
) -> Letter | None:
    """The letter as they best read it; None if the case has no model letter."""
    model = payload.case.letter
    if model is None:
        return None
    language = _language(model, (to.language, reader_language, payload.main_language))
    return _Writing(payload, model, to, language, lot).letter()


def in_own_words(
    payload: AlertPayload, letter: Letter, to: Addressee, reader_language: str, lot: int = 0
) -> Letter | None:
    """The same letter in the reader's language; None if it is, or cannot be had."""
    model = payload.case.letter
    if model is None or letter.language == reader_language:
        return None
    if reader_language not in written_in(model):
        return None
    return _Writing(payload, model, to, reader_language, lot).letter()


def written_in(model: ModelLetter) -> list[str]:
    """The languages the letter can be had in: those of its facts need a frame of ours, too."""
    if model.body:
        return list(model.body)
    return [code for code in model.facts if code in languages()]


def _language(model: ModelLetter, wanted: Sequence[str]) -> str:
    available = written_in(model) or list(model.facts)
    return next((code for code in wanted if code in available), available[0])


def worded(demand: Demand, place: int, lot: int) -> Words:
    """One of a demand's wordings: which, the lot and the demand's place decide."""
    choices = [demand.text, *demand.wordings]
    turn = lot // int(len(choices) ** (place % 3))
    return choices[turn % len(choices)]


_GREETED = ("high-commission", "nunciature", "consulate-general", "consulate")
_AMBASSADORS = ("embassy", "permanent-mission")


class _Writing:
    """One letter being written."""

    def __init__(
        self, payload: AlertPayload, model: ModelLetter, to: Addressee, language: str, lot: int
    ) -> None:
        self.payload = payload
        self.case = payload.case
        self.model = model
        self.to = to
        self.language = language
        self.lot = lot
        self.frame = Translator(language)

    def letter(self) -> Letter:
        way = self.to.best(CHANNELS)
        return Letter(
            to=self.to.named(self.frame, self.payload.main_language),
            channel=way.kind if way else None,
            address=way.value if way else "",
            copies=tuple(copies_of(self.payload)),
            salutation=self._salutation(),
            subject=self._words(self.model.subject),
            body=self._body(),
            language=self.language,
            short=tuple(self._short()),
        )

    def _words(self, words: Words) -> str:
        return pick(words, self.language, self.payload.main_language)

    def _salutation(self) -> str:
        """As the campaign greets them, in the letter's language or not at all."""
        target, found = self.to.target, self.to.found
        own = target.salutation if target else {}
        if target and target.own_embassy and found and found.kind != "embassy":
            own = {}  # it greets an ambassador
        return own.get(self.language) or self._framed(f"letter-dear-{self._greeted}")

    @property
    def _greeted(self) -> str:
        """Who reads it: at a mission, by its kind."""
        if self._audience != "embassy":
            return self._audience
        if self.to.found is not None:
            kind = self.to.found.kind
        else:
            mission = self.to.target.mission if self.to.target else None
            kind = mission.kind if mission else "embassy"
        return kind if kind in _GREETED else "embassy" if kind in _AMBASSADORS else "official"

    @property
    def _audience(self) -> str:
        return self.to.audience or "official"

    def _framed(self, key: str, **args: str) -> str:
        """Words of ours around the campaign's; none in a language that we have no words in."""
        return self.frame.t(key, **args) if self.language in languages() else ""

    def _body(self) -> str:
        if self.model.body:
            return self._words(self.model.body)
        return self._framing(len(self.case.demands))

    def _framing(self, demands: int) -> str:
        """The facts, the first demands, and what leads from the ones to the others."""
        return "\n\n".join(
            [
                self._words(self.model.facts),
                self._framed(f"letter-ask-{self._audience}"),
                self._numbered(demands),
                self._framed(f"letter-end-{self._audience}"),
            ]
        )

    def _short(self) -> Iterator[str]:
        """Without the last demands, then without the facts."""
        if self.language not in languages():
            return
        every = len(self.case.demands)
        if self.model.facts:
            yield from (self._framing(count) for count in range(every - 1, every // 2, -1))
        about = self._framed("letter-short", case=self._words(self.case.title))
        end = self._framed("letter-short-end")
        for count in range(every, 0, -1):
            yield f"{about}\n\n{self._numbered(count)}\n\n{end}"

    def _numbered(self, count: int) -> str:
        demands = [
            self._words(worded(demand, place, self.lot))
            for place, demand in enumerate(self.case.demands[:count])
        ]
        if len(demands) == 1:
            return demands[0]
        return "\n".join(f"{number}. {text}" for number, text in enumerate(demands, 1))
