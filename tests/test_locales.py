"""Every text exists in every language, says something, and uses the same arguments."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast

from handlers import i18n
from handlers.answers import means
from handlers.i18n import MAIN_LANGUAGE, MissingTextError, Translator
from handlers.registry import COMMANDS

LOCALES = Path(i18n.__file__).parent / "locales"
ROOT = LOCALES.parent.parent
OTHERS = [code for code in i18n.languages() if code != MAIN_LANGUAGE]


def _messages(language: str) -> dict[str, ast.Message]:
    resource = FluentParser().parse((LOCALES / f"{language}.ftl").read_text("utf-8"))
    junk = [entry for entry in resource.body if isinstance(entry, ast.Junk)]
    assert not junk, f"{language}.ftl cannot be read near: {junk[0].content!r}"
    found = [entry for entry in resource.body if isinstance(entry, ast.Message)]
    keys = [message.id.name for message in found]
    assert len(keys) == len(set(keys)), "a key stands twice"
    return {message.id.name: message for message in found}


def _arguments(message: ast.Message) -> set[str]:
    found: set[str] = set()

    def walk(node: object) -> None:
        if isinstance(node, ast.VariableReference):
            found.add(node.id.name)
        if isinstance(node, ast.BaseNode):
            for value in vars(node).values():
                for child in value if isinstance(value, list) else [value]:
                    walk(child)

    walk(message.value)
    return found - {"p"}


def test_english_and_russian_are_there() -> None:
    assert {"en", "ru"} <= set(i18n.languages())


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_is_missing_or_left_over(language: str) -> None:
    assert _messages(language).keys() == _messages(MAIN_LANGUAGE).keys()


@pytest.mark.parametrize("language", OTHERS)
def test_the_same_arguments_are_used(language: str) -> None:
    main, other = _messages(MAIN_LANGUAGE), _messages(language)
    differ = {
        key: (_arguments(main[key]), _arguments(other[key]))
        for key in main
        if _arguments(main[key]) != _arguments(other[key])
    }

    assert not differ


def test_every_key_the_program_names_exists() -> None:
    known = _messages(MAIN_LANGUAGE).keys()
    pattern = re.compile(r'(?:\bt|\bsays|UserError)\(\s*"([a-z][a-z0-9-]+)"')
    named = {
        key
        for folder in ("bot", "handlers")
        for path in (ROOT / folder).rglob("*.py")
        for key in pattern.findall(path.read_text("utf-8"))
    }

    assert named <= known, f"no such text: {sorted(named - known)}"


def test_every_command_has_its_line_of_help() -> None:
    known = _messages(MAIN_LANGUAGE).keys()

    assert [it.name for it in COMMANDS if it.summary not in known] == []


def test_a_text_that_does_not_exist_is_a_mistake_of_ours() -> None:
    with pytest.raises(MissingTextError):
        Translator("en").t("no-such-text")


@pytest.mark.parametrize("language", i18n.languages())
def test_the_word_that_confirms_forget_is_understood(language: str) -> None:
    asked = Translator(language).t("forget-ask")

    assert means(asked.rsplit(maxsplit=1)[-1], "said-yes")
