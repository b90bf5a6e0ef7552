"""Structured logs: one line per record, for people on a terminal, JSON for machines otherwise.

`logger(__name__).info("synced", app="shop", sha=sha)`. Rooms below this one log with the standard library and pass
`extra={"fields": {...}}`; both end in the same handler. Values registered with `hide` never leave the process.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import orjson

Format = Literal["auto", "human", "json"]

LEVEL_VARIABLE = "RECONCILER_LOG_LEVEL"
MASK = "••••"
SHORTEST_SECRET = 4
"""Shorter values are not hidden: replacing them would garble every line and hide nothing worth hiding."""

_QUIET = ("apscheduler", "urllib3", "asyncio", "aiohttp.access")
_COLOURS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[31m"}
_hidden: set[str] = set()
_hidden_lock = threading.Lock()


def hide(secret: str) -> None:
    """Masks a value in every line from now on, in messages, fields and tracebacks."""
    if len(secret) >= SHORTEST_SECRET:
        with _hidden_lock:
            _hidden.add(secret)
            _hidden.update(part for part in secret.splitlines() if len(part) >= SHORTEST_SECRET)


def redacted(text: str) -> str:
    """The text with every hidden value masked; the longest first, so that no rest of one shows."""
    with _hidden_lock:
        secrets = sorted(_hidden, key=len, reverse=True)
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


class Logger:
    """Fields as keyword arguments; their values may be anything that has a `str`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, message: str, **fields: object) -> None:
        self._logger.debug(message, extra={"fields": fields})

    def info(self, message: str, **fields: object) -> None:
        self._logger.info(message, extra={"fields": fields})

    def warning(self, message: str, **fields: object) -> None:
        self._logger.warning(message, extra={"fields": fields})

    def error(self, message: str, **fields: object) -> None:
        self._logger.error(message, extra={"fields": fields})

    def exception(self, message: str, **fields: object) -> None:
        """As `error`, with the traceback of the exception in hand."""
        self._logger.exception(message, extra={"fields": fields})


def logger(name: str) -> Logger:
    return Logger(name)


def configure(form: Format = "auto", *, stream: TextIO | None = None, env: Mapping[str, str] | None = None) -> None:
    """Sends all logs of the process to `stream` (stderr). The level comes from `RECONCILER_LOG_LEVEL` (info)."""
    out = stream or sys.stderr
    human = out.isatty() if form == "auto" else form == "human"
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Human(colour=out.isatty()) if human else _Json())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_level((os.environ if env is None else env).get(LEVEL_VARIABLE, "")))
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _level(name: str) -> int:
    known = logging.getLevelNamesMapping()
    return known.get(name.upper(), logging.INFO)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def _when(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _safe(text: str) -> str:
    """Redacted, and without control characters that could forge a line or drive a terminal; newlines stay."""
    text = redacted(text).encode(errors="replace").decode()
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def _one_line(text: str) -> str:
    return _safe(text).replace("\n", "\\n")


def _plain(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return _safe(value.isoformat() if isinstance(value, datetime) else str(value))


def _word(value: object) -> str:
    text = _one_line(str(_plain(value)))
    return f'"{text}"' if " " in text or not text else text


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _when(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in _fields(record).items() if value is not None and key not in line}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(_plain(line)).decode()


class _Human(logging.Formatter):
    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname:<7}"
        if self._colour and record.levelname in _COLOURS:
            level = f"{_COLOURS[record.levelname]}{level}\x1b[0m"
        pairs = "".join(f"  {key}={_word(value)}" for key, value in _fields(record).items() if value is not None)
        line = f"{_when(record):%H:%M:%S} {level} {_one_line(record.getMessage())}{pairs}"
        return f"{line}\n{_safe(self.formatException(record.exc_info))}" if record.exc_info else line
