"""Every letter on every platform: what it opens, what it copies, and what it never does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.platforms.matrix.content import fits as fits_matrix
from bot.render import matrix, telegram, web
from bot.render.split import split_message
from handlers.alert_notice import AlertNotice
from handlers.i18n import Translator, languages
from handlers.letter_blocks import is_long
from handlers.mailto import LONGEST
from handlers.message import Message
from storage.database import Database
from storage.lots import LOTS
from storage.outbox import Reader
from tests.papers import payload_of
from tests.people import World, sample

CASES = [case.id for case in sample().cases]
COUNTRIES = ("GB", "BE", "KE", "")


@pytest.fixture
async def database(sqlite_database: Database) -> Database:
    """Letters are the same on both."""
    return sqlite_database


def _notices(case_id: str, language: str, prefix: str = "/") -> Iterator[Message]:
    payload = payload_of(case_id)
    for number, country in enumerate(COUNTRIES):
        reader = Reader(language=language, country=country, lot=number % LOTS)
        yield AlertNotice(payload, reader, Translator(language, prefix)).message()


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("case_id", CASES)
def test_telegram_never_gets_an_address_to_open_but_one_to_copy(
    case_id: str, language: str
) -> None:
    for notice in _notices(case_id, language):
        for part in split_message(notice, telegram.fits):
            rendered = telegram.render(part)
            shown = json.dumps([it.to_dict() for it in rendered.entities]) + json.dumps(
                rendered.keyboard
            )
            assert not re.search("mailto:|tel:", rendered.text + shown, re.IGNORECASE)
            for button in (it for row in rendered.keyboard for it in row):
                assert 1 <= len(button.get("copy_text", {"text": "x"})["text"]) <= 256


async def test_nothing_a_reader_can_ask_for_makes_one_either(database: Database) -> None:
    world = World(database, platform="telegram")
    await world.knows(sample())
    anna = world.person("anna")
    for country in ("GB", "BE"):
        await anna.says(f"/country {country}")
        for case in sample().cases:
            for asked in ("case", "letter", "files", "embassy", "prisoner", "hearings"):
                for part in split_message(await anna.says(f"/{asked} {case.id}"), telegram.fits):
                    rendered = telegram.render(part)
                    shown = json.dumps([it.to_dict() for it in rendered.entities])
                    shown += json.dumps(rendered.keyboard)
                    assert not re.search("mailto:|tel:", rendered.text + shown, re.IGNORECASE)


@pytest.mark.parametrize("language", languages())
def test_on_telegram_one_tap_copies_the_whole_letter(language: str) -> None:
    for case_id in CASES:
        for notice in _notices(case_id, language):
            letters = [it.text for it in notice.blocks if it.kind == "copyable"]
            parts = [telegram.render(part) for part in split_message(notice, telegram.fits)]
            copied = [
                text[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")
                for part in parts
                for text in [part.text.encode("utf-16-le")]
                for entity in part.entities
                if entity.type == "pre"
            ]
            assert copied == letters


def test_a_letter_too_long_for_one_tap_says_how_to_get_it_whole() -> None:
    long = "Прошу Вас. " * 500
    case = sample().case("bokayev-ayan")
    assert case is not None
    assert case.letter is not None
    letter = {"subject": case.letter.subject, "facts": {"ru": long, "en": "Short."}}
    payload = payload_of("bokayev-ayan", letter=letter)
    reader = Reader(language="ru", country="GB")
    notice = AlertNotice(payload, reader, Translator("ru"))
    assert notice.letter is not None
    assert is_long(notice.letter)
    parts = split_message(notice.message(), telegram.fits)
    assert all(telegram.fits(part) for part in parts)
    whole = "".join(telegram.render(part).text for part in parts)
    assert "Одним файлом: /files bokayev-ayan" in whole
    assert whole.count("Прошу Вас.") == 500


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("case_id", CASES)
def test_matrix_and_the_web_open_the_letter_in_the_mail_program(
    case_id: str, language: str
) -> None:
    place = web.Place(ref="1", press="/press", files="/files", copy="Copy")
    for notice in _notices(case_id, language, "!"):
        assert len(split_message(notice, fits_matrix)) == 1
        for html in (matrix.render(notice)[1], web.render(notice, place)):
            opened = [unescape(url) for url in re.findall(r'href="(mailto:[^"]+)"', html)]
            assert all(len(url) <= LONGEST for url in opened)
            filled = [parse_qs(urlsplit(url).query) for url in opened if "?" in url]
            letters = [it.text for it in notice.blocks if it.kind == "copyable"]
            for fields in filled:
                assert letters[0].startswith(fields["body"][0].split("\r\n")[0])
        assert "mailto:" not in matrix.render(notice)[0]
