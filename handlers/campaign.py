"""What a campaign is: its cases, the people in them, whom to write to and what to ask for.

These models are read from an organiser's file (`campaign_file`), kept as JSON by storage and
read by every notice. All are frozen; an unknown key is a mistake. Texts that a reader sees are
`Words`: one text in several languages.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from handlers.campaign_fields import (
    Country,
    Day,
    FullDay,
    Id,
    Language,
    MaybeLanguage,
    Part,
    SomeWords,
    Text,
    WallTime,
    Words,
    Zone,
    fault,
    pick,
    wall_time_fault,
)
from handlers.campaign_letters import Audience, Demand, LetterAddress, ModelLetter

__all__ = [
    "Audience",
    "Demand",
    "LetterAddress",
    "ModelLetter",
    "Part",
    "Words",
    "pick",
    "wall_time_fault",
]

ContactKind = Literal["email", "phone", "fax", "postal", "web"]
ContactProblem = Literal["", "redacted", "not_valid", "unreadable", "superseded"]
MissionKind = Literal[
    "embassy",
    "high-commission",
    "nunciature",
    "permanent-mission",
    "consulate-general",
    "consulate",
    "interests-section",
    "representative-office",
    "diplomatic-mission",
    "de-facto-embassy",
    "de-facto-consulate",
]


class Contact(Part):
    """One way to reach a target, as it was printed and as it can be used.

    `normal` is the usable form (E.164 for numbers), "" if there is none; `problem` says why.
    `repair` is a number that could be meant: only a person may put it in the place of `normal`.
    """

    kind: ContactKind
    printed: str
    normal: str = ""
    problem: ContactProblem = ""
    repair: str = ""
    note: Words = Field(default_factory=dict)
    as_of: Day = ""  # how old the source is
    checked: FullDay = ""  # when somebody last made sure that it works
    doubtful: bool = False  # readers report that it does not work

    @property
    def usable(self) -> bool:
        """Whether a reader may be sent there."""
        return bool(self.normal) and not self.problem


class MissionRef(Part):
    """Which mission a target is: whose, in which country and city."""

    sending: Country
    host: Country
    city: str = ""
    kind: MissionKind = "embassy"


class Target(Part):
    """An office to write to, and the person who held it on `as_of`.

    `own_embassy`: stands for the embassy in each reader's own country, found in the directory.
    `fallback`: the one to write to where no such embassy is known.
    """

    id: Id
    office: SomeWords
    name: str = ""
    names: Words = Field(default_factory=dict)  # the name in other languages and scripts
    salutation: Words = Field(default_factory=dict)  # how a letter to them begins
    language: MaybeLanguage = ""  # in which they are best written to; "": the reader's
    audience: Audience = ""  # what sort of letter they get; "": by their office
    own_embassy: bool = False
    mission: MissionRef | None = None
    fallback: bool = False
    as_of: Day = ""
    contacts: list[Contact] = Field(default_factory=list)
    note: Words = Field(default_factory=dict)
    sources: list[str] = Field(default_factory=list)

    def called(self, language: str) -> str:
        """The office-holder's name for a reader of `language`; "" if none is known."""
        return self.names.get(language.partition("-")[0], self.name)

    @property
    def is_readers_own(self) -> bool:
        """Has each reader one of their own, and knows how to reach it (their MP, their union)?"""
        return self.audience in ("parliament", "union") and not self.contacts


class Person(Part):
    """Somebody the case is about.

    What can do harm (health, family, the exact place they are held at) is for those who know the
    file, and goes out only where `public` names it: see `as_public`.
    """

    name: Text
    names: Words = Field(default_factory=dict)  # the name in other languages and scripts
    variants: list[Text] = Field(default_factory=list)  # other spellings met, for searching
    role: Words = Field(default_factory=dict)
    gender: Literal["", "m", "f", "x"] = ""
    age: int | None = None
    status: Words = Field(default_factory=dict)  # where it differs from the case's
    detained_in: Words = Field(default_factory=dict)  # the town
    detained_at: Words = Field(default_factory=dict)  # the exact place
    health: Words = Field(default_factory=dict)
    family: Words = Field(default_factory=dict)
    public: list[Literal["health", "family", "place"]] = Field(default_factory=list)
    letter_address: LetterAddress | None = None
    sources: list[str] = Field(default_factory=list)

    def called(self, language: str) -> str:
        """The person's name for a reader of `language`."""
        return self.names.get(language.partition("-")[0], self.name)

    @property
    def as_public(self) -> Person:
        """The person without anything that could do harm and is not public."""
        hidden: dict[str, Words] = {
            field: {} for name, field in CAREFUL.items() if name not in self.public
        }
        return self.model_copy(update=hidden)


CAREFUL = {"health": "health", "family": "family", "place": "detained_at"}
"""What `public` may name → the field of a person that stays unsaid without it."""


class Charge(Part):
    """What somebody is accused of; `replaced_on` if it was withdrawn or replaced."""

    law: Words = Field(default_factory=dict)
    article: str = ""
    text: SomeWords
    state: Words = Field(default_factory=dict)
    date: Day = ""
    replaced_on: Day = ""
    person: str = ""  # the name of one person; "" for all of the case
    sources: list[str] = Field(default_factory=list)


class CaseEvent(Part):
    """Something that happened; `when` says in words what `date` cannot."""

    date: Day = ""
    until: Day = ""
    when: Words = Field(default_factory=dict)
    kind: str = ""
    place: Words = Field(default_factory=dict)
    person: str = ""
    text: SomeWords
    sources: list[str] = Field(default_factory=list)


class Hearing(Part):
    """A date in court: the time on that city's clocks, and the zone of these clocks.

    The file may leave out `id` (the case's id and a running number take its place) and
    `timezone` (the campaign's).
    """

    id: str
    court: SomeWords
    city: Words = Field(default_factory=dict)
    local: WallTime
    timezone: Zone
    kind: Words = Field(default_factory=dict)
    note: Words = Field(default_factory=dict)
    sources: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _on_the_clock(self) -> Hearing:
        wrong = wall_time_fault(self.local, self.timezone)
        if wrong:
            key = f"import-hour-{wrong}"
            raise fault(key, value=self.local.replace("T", " "), timezone=self.timezone)
        return self


class Source(Part):
    """Where facts of the campaign come from."""

    id: Id
    title: Text
    author: str = ""
    published: Day = ""
    url: str = ""
    reference: str = ""
    note: Words = Field(default_factory=dict)


class Case(Part):
    """A matter people are alerted about: persons, an organisation or a law.

    `targets` are ids, in the order they are shown. `penalty` is the most that threatens.
    """

    id: Id
    title: SomeWords
    kind: Literal["person", "organisation", "law"] = "person"
    status: Words = Field(default_factory=dict)
    place: Words = Field(default_factory=dict)
    summary: SomeWords
    reference: str = ""
    urgency: Literal["urgent", "this-week", "information"] = "urgent"
    deadline: FullDay = ""
    penalty: Words = Field(default_factory=dict)
    targets: list[str] = Field(default_factory=list)
    people: list[Person] = Field(default_factory=list)
    charges: list[Charge] = Field(default_factory=list)
    events: list[CaseEvent] = Field(default_factory=list)
    hearings: list[Hearing] = Field(default_factory=list)
    demands: list[Demand] = Field(default_factory=list)
    letter: ModelLetter | None = None
    sources: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _asks_for_something(self) -> Case:
        if self.letter and self.letter.facts and not self.demands:
            raise fault("import-letter-no-demands")
        return self

    @property
    def as_public(self) -> Case:
        """The case as anybody may read it: what could do harm only where it is public."""
        return self.model_copy(update={"people": [it.as_public for it in self.people]})


class Campaign(Part):
    """Everything one campaign file says.

    `drill`: an exercise, and everything sent for it says so. `copies_to`: where the organisers
    ask for copies. `allowed_hosts`: the only hosts that links in alerts may point to, if any
    are named.
    """

    id: Id
    country: Country
    title: SomeWords
    language: Language = "en"
    timezone: Zone
    drill: bool = False
    copies_to: list[Contact] = Field(default_factory=list)
    allowed_hosts: list[str] = Field(default_factory=list)
    sources: list[Source] = Field(default_factory=list)
    targets: list[Target] = Field(default_factory=list)
    cases: list[Case] = Field(default_factory=list)

    def case(self, case_id: str) -> Case | None:
        """The case with this id."""
        return next((case for case in self.cases if case.id == case_id), None)

    def target(self, target_id: str) -> Target | None:
        """The target with this id."""
        return next((target for target in self.targets if target.id == target_id), None)

    def targets_of(self, case: Case) -> list[Target]:
        """The targets of a case, in the case's order."""
        found = (self.target(target_id) for target_id in case.targets)
        return [target for target in found if target]
