"""Types that expressions know before anything is measured, so that `'1' == 1` is refused as Go refuses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo


class Kind(Enum):
    """The value is Go's name, as users know it from messages."""

    ANY = "unknown"
    NIL = "nil"
    BOOL = "bool"
    INT = "int"
    FLOAT = "float64"
    STRING = "string"
    LIST = "array"
    MAP = "map"
    TIME = "time.Time"
    DURATION = "time.Duration"
    ZONE = "*time.Location"


@dataclass(frozen=True, slots=True)
class Type:
    """`element` is the type of a list's elements. `fields` are all that a map has, when that is known beforehand."""

    kind: Kind
    element: Type | None = None
    fields: tuple[tuple[str, Type], ...] = ()

    def __str__(self) -> str:
        if self.kind is Kind.LIST:
            return f"[]{self.element or 'interface {}'}"
        return "map[string]interface {}" if self.kind is Kind.MAP else self.kind.value

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS

    @property
    def of_elements(self) -> Type:
        return self.element or ANY


NUMBERS = frozenset({Kind.INT, Kind.FLOAT})

ANY, NIL, BOOL = Type(Kind.ANY), Type(Kind.NIL), Type(Kind.BOOL)
INT, FLOAT, STRING = Type(Kind.INT), Type(Kind.FLOAT), Type(Kind.STRING)
LIST, MAP = Type(Kind.LIST), Type(Kind.MAP)
TIME, DURATION, ZONE = Type(Kind.TIME), Type(Kind.DURATION), Type(Kind.ZONE)
FLOATS = Type(Kind.LIST, FLOAT)
"""The result of a Prometheus vector or matrix."""
INTS, STRINGS = Type(Kind.LIST, INT), Type(Kind.LIST, STRING)

_KINDS: dict[type, Kind] = {
    type(None): Kind.NIL,
    bool: Kind.BOOL,
    int: Kind.INT,
    float: Kind.FLOAT,
    str: Kind.STRING,
    list: Kind.LIST,
    tuple: Kind.LIST,
    dict: Kind.MAP,
    datetime: Kind.TIME,
    timedelta: Kind.DURATION,
    ZoneInfo: Kind.ZONE,
}
_TYPES = {kind: Type(kind) for kind in Kind}


def kind_of(value: Any) -> Kind:
    return _KINDS.get(type(value), Kind.ANY)


def type_of(value: Any) -> Type:
    """The type of a value as it came from JSON: what is inside lists and maps is unknown."""
    return _TYPES[kind_of(value)]


def as_json_numbers(value: Any) -> Any:
    """The decoded JSON with every number a float, as Go decodes it."""
    if type(value) is int:
        return float(value)
    if isinstance(value, Mapping):
        return {key: as_json_numbers(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [as_json_numbers(item) for item in value]
    return value
