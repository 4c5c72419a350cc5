"""Logging to stderr that cannot name a person or show a token, whoever logs.

Our own lines carry chosen fields only; every line, libraries' and tracebacks included, passes
through `redact` before it is written.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

_SECRETS = (
    (re.compile(r"\b\d{6,}:[A-Za-z0-9_-]{20,}"), "<token>"),  # Telegram
    (re.compile(r"/bot[^/\s\"']+/"), "/bot<token>/"),
    (re.compile(r"\b(?:syt|mat|mct)_[A-Za-z0-9_=-]{8,}"), "<token>"),  # Matrix
    (re.compile(r"(?i)(access_token[\"']?\s*[=:]\s*[\"']?|Bearer\s+)[^\s\"'&,}]+"), r"\1<token>"),
    (re.compile(r"[@!#][A-Za-z0-9._=/+-]{1,255}:[A-Za-z0-9.-]+(?::\d+)?"), "<address>"),
    (re.compile(r"(?i)((?:chat|user|from|sender)_?id[\"']?\s*[=:]\s*[\"']?)-?\d{5,}"), r"\1<id>"),
)
_NOISY = (
    "aiohttp",
    "aiosqlite",
    "alembic",
    "apscheduler",
    "asyncio",
    "httpcore",
    "httpx",
    "nio",
    "telegram",
)


def redact(text: str) -> str:
    """The text without tokens and addresses."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class _Redacting(logging.Formatter):
    """Formats as usual, then redacts the whole line with its traceback."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return redact(self._inner.format(record))


def set_up(level: str = "info", shape: str = "auto") -> None:
    """Send every log line of the process, redacted, to stderr."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(shape)],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting(formatter))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("telegram.request").setLevel(logging.CRITICAL)  # quotes whole answers
    sys.excepthook = _last_words


def _renderer(shape: str) -> structlog.typing.Processor:
    if shape == "console" or (shape == "auto" and sys.stderr.isatty()):
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    if shape == "json":
        return structlog.processors.JSONRenderer()
    return structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])


def _last_words(
    _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    """What stopped the program: kinds and places; the words too if the operator asks for them."""
    log = structlog.get_logger("tocsin")
    if os.environ.get("TOCSIN_DEBUG"):
        sys.stderr.write(redact("".join(traceback.format_exception(error))))
    for fault in _single(error):
        where = " > ".join(
            f"{Path(it.filename).name}:{it.lineno}"
            for it in traceback.extract_tb(fault.__traceback__)
        )
        hint = "TOCSIN_DEBUG=1 shows all of it"
        log.critical("stopped by a fault", fault=type(fault).__name__, where=where, hint=hint)


def _single(error: BaseException) -> Iterator[BaseException]:
    """The errors inside groups."""
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for inner in error.exceptions:
        yield from _single(inner)


def install_loop_handler(loop: asyncio.AbstractEventLoop) -> None:
    """Let what goes wrong outside any task reach the log, redacted."""

    def note(_loop: asyncio.AbstractEventLoop, context: MutableMapping[str, Any]) -> None:
        error = context.get("exception")
        fault = type(error).__name__ if error else ""
        structlog.get_logger().error("loop fault", reason=str(context["message"]), fault=fault)

    loop.set_exception_handler(note)
