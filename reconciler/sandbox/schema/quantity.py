"""Quantities in the form in which the API server stores them (Kubernetes API reference, "Quantity")."""

from __future__ import annotations

import re
from decimal import Decimal

SHAPE = re.compile(r"([+-]?[0-9.]+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]+)?")
DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def canonical(value: object) -> object:
    """`0.5` → `500m`, `1000m` → `1`, `1024Mi` → `1Gi`; what is no quantity is left for validation to name."""
    match = SHAPE.fullmatch(str(value))
    if match is None:
        return value
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in BINARY:
        return binary(number * 1024 ** BINARY[suffix])
    if suffix in DECIMAL:
        return decimal(number.scaleb(DECIMAL[suffix]))
    return value


def binary(amount: Decimal) -> str:
    if amount == 0 or amount != amount.to_integral_value() or abs(amount) < 1024:
        return decimal(amount)
    whole = int(amount)
    suffix = ""
    for name in BINARY:
        if whole % 1024:
            break
        whole //= 1024
        suffix = name
    return f"{whole}{suffix}"


def decimal(amount: Decimal) -> str:
    if amount == 0:
        return "0"
    for suffix, power in sorted(DECIMAL.items(), key=lambda item: -item[1]):
        scaled = amount.scaleb(-power)
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{suffix}"
    return f"{int(amount.scaleb(9).to_integral_value(rounding='ROUND_UP'))}n"
