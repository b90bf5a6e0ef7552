"""Functions on strings, and how values look as text. ValueError means: not such a text."""

from __future__ import annotations

import base64
import json
import math
from datetime import datetime, timedelta
from typing import Any

from reconciler.analysis.expr.frame import LONGEST_STRING
from reconciler.analysis.expr.types import Kind, as_json_numbers, kind_of

_TYPE_NAMES = {Kind.FLOAT: "float"}


def shown(value: Any) -> str:
    """A value as Go prints it."""
    match kind_of(value):
        case Kind.NIL:
            return "<nil>"
        case Kind.BOOL:
            return "true" if value else "false"
        case Kind.FLOAT:
            return go_float(value)
        case Kind.LIST:
            return f"[{' '.join(map(shown, value))}]"
        case Kind.MAP:
            return f"map[{' '.join(f'{key}:{shown(value[key])}' for key in sorted(value))}]"
        case Kind.DURATION:
            return go_duration(value)
    return str(value)


def go_duration(value: timedelta) -> str:
    """`1h30m0s`; below a second in the largest unit that makes a whole part."""
    microseconds = abs(value) // timedelta(microseconds=1)
    sign = "-" if value < timedelta() else ""
    if 0 < microseconds < 1_000_000:
        unit, size = ("ms", 1000) if microseconds >= 1000 else ("µs", 1)
        return f"{sign}{microseconds / size:g}{unit}"
    minutes, seconds = divmod(microseconds / 1_000_000, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{hours}h" if hours else ""
    text += f"{minutes}m" if text or minutes else ""
    return f"{sign}{text}{go_float(round(seconds, 6))}s"


def go_float(value: float) -> str:
    """The shortest text that reads back as the same number; with an exponent below 1e-4 and from 1e21 on."""
    if not math.isfinite(value):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    if value == 0 or 1e-4 <= abs(value) < 1e21:
        return f"{int(value)}" if value.is_integer() else _plain(value)
    digits, _, exponent = f"{value!r}".partition("e")
    return f"{digits.removesuffix('.0')}e{exponent}"


def _plain(value: float) -> str:
    text = repr(value)
    return text if "e" not in text else f"{value:f}".rstrip("0")


def type_name(value: Any) -> str:
    kind = kind_of(value)
    return _TYPE_NAMES.get(kind, kind.value)


def join(items: list[Any], separator: str = "") -> str:
    if not all(isinstance(item, str) for item in items):
        raise ValueError("only strings can be joined")
    if sum(map(len, items)) + len(separator) * len(items) > LONGEST_STRING:
        raise ValueError(f"more than {LONGEST_STRING} characters")
    return separator.join(items)


def split(text: str, separator: str, most: int = -1) -> list[str]:
    if most == 0:
        return []
    if not separator:
        return list(text)
    return text.split(separator, most - 1 if most > 0 else -1)


def trim(text: str, characters: str | None = None) -> str:
    return text.strip(characters)


def upper(text: str) -> str:
    """Letter by letter: what has no single capital stays."""
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text)


def lower(text: str) -> str:
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)


def repeat(text: str, times: int) -> str:
    if times < 0 or len(text) * times > LONGEST_STRING:
        raise ValueError(f"cannot repeat {times} times: memory budget exceeded")
    return text * times


def replace(text: str, old: str, new: str) -> str:
    if (text.count(old) if old else len(text) + 1) * len(new) > LONGEST_STRING:
        raise ValueError(f"more than {LONGEST_STRING} characters")
    return text.replace(old, new)


def to_json(value: Any) -> str:
    return json.dumps(
        _whole_numbers(value), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_time_as_json
    )


def _time_as_json(value: datetime | timedelta) -> str | int:
    return value.isoformat() if isinstance(value, datetime) else value // timedelta(microseconds=1) * 1000


def _whole_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in value.items()}
    return [_whole_numbers(item) for item in value] if isinstance(value, list) else value


def from_json(text: str) -> Any:
    return as_json_numbers(json.loads(text))


def split_after(text: str, separator: str, most: int = -1) -> list[str]:
    """Like `split`, with the separator at the end of each part but the last."""
    parts = split(text, separator, most)
    return [part + separator * (index + 1 < len(parts)) for index, part in enumerate(parts)]


def to_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def from_base64(text: str) -> str:
    """Raises ValueError for what is not base64 of a text."""
    return base64.b64decode(text, validate=True).decode()
