"""What a plain scalar means: the rules that kubectl and the API server's own tools follow (sigs.k8s.io/yaml).

They are a hybrid of YAML 1.1 and 1.2 that no Python library has: `on` and `y` are true, 0777 and 0o777 are octal,
1e3 is a number, dates and 12:30 stay text. Checked against the Go library by tests/golden/render/yaml-scalars.json.
"""

from __future__ import annotations

import math
import re

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NULL = ("", "~", "null", "Null", "NULL")
_INFINITE = {".inf": math.inf, ".Inf": math.inf, ".INF": math.inf, "-.inf": -math.inf, "-.Inf": -math.inf}
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(_NULL, None),
    **_INFINITE,
    **dict.fromkeys(("+.inf", "+.Inf", "+.INF"), math.inf),
    "-.INF": -math.inf,
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_MAY_BE_NUMBER = frozenset("0123456789+-.")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DOT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")

Scalar = str | int | float | bool | None


def resolve(text: str) -> Scalar:
    """The value of an unquoted scalar. Infinities and NaN are returned as such: JSON, and so we, cannot hold them."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAY_BE_NUMBER:
        return text
    number = _dotted(text) if text[0] == "." else _number(text.replace("_", ""))
    return text if number is None else number


def key_text(text: str) -> str | None:
    """The object key that an unquoted key stands for; None where Go would silently make another one of it.

    Go turns every key into text after resolving it, so `n:` becomes "false" and 0777 becomes "511". We accept what
    stays as it was written (8080, true) and leave the rest to be quoted by its author.
    """
    value = resolve(text)
    if isinstance(value, str):
        return value
    return text if text == _as_go_writes(value) else None


def _as_go_writes(value: Scalar) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        digits = f"{value:.7g}"  # Go shortens keys to 32 bits; six digits survive that unchanged
        return digits if "e" not in digits and len(digits.strip("-").replace(".", "")) <= 6 else None
    return None if value is None else str(value)


def _number(plain: str) -> int | float | None:
    match = _INTEGER.fullmatch(plain)
    if match:
        value = _integer(match)
        if value is not None:
            return value
    return _float(plain) if _FLOAT.fullmatch(plain) else None


def _integer(match: re.Match[str]) -> int | None:
    """The integer if a 64-bit one can hold it: signed, or unsigned when no sign is written."""
    sign, hexadecimal, binary, octal, decimal = match.groups()
    digits, radix = next(
        (text, base) for text, base in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10)) if text
    )
    value = int(digits, radix) * (-1 if sign == "-" else 1)
    top = 2**63 if sign else 2**64
    return value if -(2**63) <= value < top else None


def _dotted(text: str) -> int | float | None:
    """After a dot, `_` counts only between digits; elsewhere Go's reader drops it wherever it stands."""
    return _float(text.replace("_", "")) if _DOT_FLOAT.fullmatch(text) else None


def _float(text: str) -> int | float | None:
    """A whole float becomes an int, as JSON written by Go would read; None where Go sees an overflow and keeps text."""
    value = float(text)
    if math.isinf(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**63 else value
