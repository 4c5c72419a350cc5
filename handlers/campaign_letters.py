"""What a campaign file says about letters: what they ask, of whom, where prisoners get them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from handlers.campaign_fields import (
    Country,
    Day,
    MaybeLanguage,
    Part,
    SomeWords,
    Text,
    Words,
    fault,
)

Audience = Literal["", "official", "embassy", "parliament", "union"]
"""What sort of reader a letter is for; "" is worked out from the office."""


class Demand(Part):
    """One thing the addressees are asked to do.

    `wordings` say the same in other words, each approved by the organisers: letters take one or
    the other, so that not all of them are alike.
    """

    text: SomeWords
    wordings: list[SomeWords] = Field(default_factory=list)
    sources: list[str] = Field(default_factory=list)


class ModelLetter(Part):
    """A model letter; the sender's name and place stay gaps for the sender to fill.

    Either `body` is the whole letter but for its greeting, or `facts` is what happened: greeting,
    demands and end then follow from whom it goes to.
    """

    subject: SomeWords
    body: Words = Field(default_factory=dict)
    facts: Words = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_of_both(self) -> ModelLetter:
        if bool(self.body) == bool(self.facts):
            raise fault("import-letter-body-or-facts")
        return self


class LetterAddress(Part):
    """Where a prisoner gets letters, line by line as an envelope shows it.

    Nobody sees it unless `agreed` says who wants it to be known.
    """

    lines: list[Text]  # in Latin script, for the post of the sender's country
    original: list[Text] = Field(default_factory=list)  # the same in the script used there
    country: Country
    incomplete: bool = False  # lines are missing in the source: do not post before asking
    agreed: Literal["", "prisoner", "lawyer"] = ""
    language: MaybeLanguage = ""  # in which letters get through
    rules: Words = Field(default_factory=dict)  # what else this prison asks for
    as_of: Day = ""
