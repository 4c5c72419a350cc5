"""What readers are told in place of an alert that was taken back."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from handlers.campaign import Words, pick
from handlers.content import information_only
from handlers.i18n import Translator
from handlers.message import Bold, Heading, Message, paragraph
from storage.outbox import Reader


class Withdrawal(BaseModel):
    """What readers are told in place of an alert that was taken back."""

    model_config = ConfigDict(frozen=True)

    headline: Words
    case: Words
    main_language: str
    drill: bool
    reason: str
    country: str = ""  # whose authorities were written to


def withdrawal(payload: str, reader: Reader, translator: Translator) -> Message:
    """The notice that stands in place of the alert."""
    about = Withdrawal.model_validate_json(payload)

    def words(text: Words) -> str:
        return pick(text, translator.language, about.main_language)

    mark = (paragraph(Bold(translator.t("drill-mark"))),) if about.drill else ()
    title = Heading(translator.t("withdrawn-title", headline=words(about.headline)))
    neutral = information_only(reader, about.country)
    ask = paragraph(translator.t("withdrawn-information" if neutral else "withdrawn-ask"))
    blocks = (*mark, title, paragraph(words(about.case)), ask)
    if about.reason and not neutral:
        blocks = (*blocks, paragraph(translator.t("withdrawn-reason", reason=about.reason)))
    return Message(blocks=blocks)
