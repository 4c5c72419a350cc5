"""The short words people type instead of pressing: yes, all, off, skip, in every language."""

from __future__ import annotations

from handlers.i18n import Translator, languages
from handlers.words import matchable


def means(text: str, key: str) -> bool:
    """Is the text one of the words under `key`, in whichever language we speak?"""
    said = matchable(text)
    return any(
        said == matchable(word)
        for language in languages()
        for word in Translator(language).t(key).split(",")
    )
