"""Kubernetes quantities (`500m`, `1.5Gi`, `1e3`) in their canonical spelling.

The API server, and with it the pod-template hash, sees quantities only in canonical form: the smallest integer mantissa
with an exponent that is a multiple of three (or a power of 1024 for binary suffixes). Source: Kubernetes API,
apimachinery `resource.Quantity`.
"""

from __future__ import annotations

import re
from fractions import Fraction

_SHAPE = re.compile(r"([+-]?[0-9.]+)([eE][+-]?[0-9]{1,2}|[KMGTPE]i|[numkMGTPE]?)")
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {power: suffix for suffix, power in _BINARY.items()}
_LONGEST_TEXT = 100
"""With exponents of two digits: no text can make numbers that take a machine's time or memory."""
_NANO = Fraction(1, 10**9)


def canonical(quantity: str | int | float) -> str:
    """The spelling that the API server stores; `0.5` → `500m`, `1024Mi` → `1Gi`. Raises ValueError for other text."""
    value, style = _parse(quantity)
    if style == "binary" and abs(value) >= 1024 and value.denominator == 1:
        return _binary(int(value))
    return _decimal(value, exponent_style=style == "exponent")


def value(quantity: str | int | float) -> Fraction:
    """The exact amount, for comparing two quantities. Raises ValueError."""
    return _parse(quantity)[0]


def _parse(quantity: str | int | float) -> tuple[Fraction, str]:
    text = str(quantity)
    match = _SHAPE.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if not match:
        raise ValueError(f"{text[:_LONGEST_TEXT]!r} is not a quantity")
    number, suffix = match.groups()
    if suffix in _BINARY:
        return _rounded(Fraction(number) * 1024 ** _BINARY[suffix]), "binary"
    if suffix in _DECIMAL:
        return _rounded(Fraction(number) * Fraction(10) ** _DECIMAL[suffix]), "decimal"
    return _rounded(Fraction(number) * Fraction(10) ** int(suffix[1:])), "exponent"


def _rounded(amount: Fraction) -> Fraction:
    """Nothing finer than a nano-unit exists; the rest is rounded away from zero."""
    units = amount / _NANO
    whole = units.numerator // units.denominator if units < 0 else -(-units.numerator // units.denominator)
    return whole * _NANO


def _binary(amount: int) -> str:
    power = 0
    while amount % 1024 == 0 and power < len(_BINARY):
        amount //= 1024
        power += 1
    return f"{amount}{_BINARY_SUFFIX.get(power, '')}"


def _decimal(amount: Fraction, *, exponent_style: bool) -> str:
    if amount == 0:
        return "0"
    exponent = -9
    mantissa = int(amount / _NANO)
    while mantissa % 1000 == 0 and exponent < 18:
        mantissa //= 1000
        exponent += 3
    if not exponent_style:
        return f"{mantissa}{_DECIMAL_SUFFIX[exponent]}"
    return f"{mantissa}e{exponent}" if exponent else str(mantissa)
