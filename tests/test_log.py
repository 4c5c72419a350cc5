"""The log: no token, no address, and of a fault its kind and place but not its words."""

from __future__ import annotations

import logging
import sys

import pytest

from bot.log import redact, set_up


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("token 123456789:AAabcdefghijklmnopqrstuvwxyz", "token <token>"),
        ("POST https://api.telegram.org/bot4242:CANARY/getMe", "/bot<token>/getMe"),
        ("access_token=syt_YWxpY2U_CANARY_1", "access_token=<token>"),
        ("Authorization: Bearer CANARY", "Authorization: Bearer <token>"),
        ("sent to @canary:example.org in !CANARY:example.org", "sent to <address> in <address>"),
        ('{"chat_id": 123456789}', '{"chat_id": <id>}'),
        ("claimed 3 rows in 12 ms", "claimed 3 rows in 12 ms"),
    ],
)
def test_what_names_somebody_is_taken_out(written: str, kept: str) -> None:
    assert kept in redact(written)
    assert "canary" not in redact(written).lower()


def _fault() -> BaseException:
    try:
        int("CANARY wrote this")
    except ValueError as error:
        return ExceptionGroup("CANARY", [error])
    raise AssertionError


@pytest.mark.parametrize("shape", ["console", "logfmt", "json"])
def test_a_fault_is_named_by_kind_and_place(
    shape: str, capsys: pytest.CaptureFixture[str], plain_logging: None
) -> None:
    set_up("info", shape)
    sys.excepthook(ExceptionGroup, _fault(), None)

    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "test_log.py:" in said
    assert "CANARY" not in said


def test_the_operator_may_ask_for_the_words(
    capsys: pytest.CaptureFixture[str], plain_logging: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_DEBUG", "1")
    set_up("info", "logfmt")
    sys.excepthook(ExceptionGroup, _fault(), None)

    assert "'CANARY wrote this'" in capsys.readouterr().err


def test_what_libraries_log_is_redacted_too(
    capsys: pytest.CaptureFixture[str], plain_logging: None
) -> None:
    set_up("info", "logfmt")
    logging.getLogger("nio").warning("cannot reach @canary:example.org")
    logging.getLogger("telegram").info("CANARY")

    said = capsys.readouterr().err
    assert "<address>" in said
    assert "canary" not in said.lower()
