"""Functions on lists and maps. What is wrong with an element is an ExpressionError."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.types import NUMBERS, Kind, kind_of
from reconciler.analysis.expr.values import add, equal, go_name, member

_SORTED_KINDS = NUMBERS | {Kind.STRING, Kind.TIME, Kind.DURATION}
DEEPEST_LIST = 50


def numbers_in(value: Any, depth: int = 0) -> Iterator[float]:
    """All numbers of lists in lists. Raises ExpressionError for anything else."""
    if kind_of(value) in NUMBERS:
        yield value
    elif isinstance(value, list) and depth < DEEPEST_LIST:
        for item in value:
            yield from numbers_in(item, depth + 1)
    else:
        raise ExpressionError(f"a number is needed here, but this is {go_name(value)}")


def total(items: list[Any]) -> Any:
    """The sum; 0 for nothing."""
    value: Any = 0
    for item in items:
        if kind_of(item) not in NUMBERS:
            raise ExpressionError(f"cannot sum {go_name(item)}")
        value = add(value, item)
    return value


def least(*values: Any) -> Any:
    return _best(values, lambda new, old: new < old)


def greatest(*values: Any) -> Any:
    return _best(values, lambda new, old: new > old)


def _best(values: tuple[Any, ...], better: Callable[[float, float], bool]) -> Any:
    best: float | None = None
    for value in numbers_in(list(values)):
        if best is None or better(value, best):
            best = value
    return best


def mean(*values: Any) -> float:
    """0 for nothing."""
    numbers = list(numbers_in(list(values)))
    return float(sum(numbers)) / len(numbers) if numbers else 0.0


def median(*values: Any) -> float:
    """0 for nothing."""
    numbers = sorted(numbers_in(list(values)))
    if not numbers:
        return 0.0
    middle = len(numbers) // 2
    return float(numbers[middle]) if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2


def first(items: list[Any]) -> Any:
    return items[0] if items else None


def last(items: list[Any]) -> Any:
    return items[-1] if items else None


def get(value: Any, key: Any) -> Any:
    """Like an index, but nil when there is nothing."""
    try:
        return member(value, key)
    except ExpressionError:
        return None


def take(items: list[Any], number: int) -> list[Any]:
    if number < 0:
        raise ValueError(f"cannot take {number} elements")
    return items[:number]


def reverse(items: list[Any]) -> list[Any]:
    return items[::-1]


def sort(items: list[Any], order: str = "asc") -> list[Any]:
    return ordered(items, items, order)


def ordered(items: list[Any], keys: list[Any], order: str) -> list[Any]:
    """The items in the order of their keys, which must all be of one kind."""
    if order not in ("asc", "desc"):
        raise ValueError(f"unknown order {order!r}, use asc or desc")
    kinds = {Kind.FLOAT if kind_of(key) in NUMBERS else kind_of(key) for key in keys}
    if len(kinds) > 1 or not kinds <= _SORTED_KINDS:
        raise ValueError("only numbers or only strings can be sorted")
    pairs = sorted(zip(keys, items, strict=True), key=lambda pair: pair[0], reverse=order == "desc")
    return [item for _, item in pairs]


def concat(*several: list[Any]) -> list[Any]:
    return [item for items in several for item in items]


def flatten(items: list[Any], depth: int = 0) -> list[Any]:
    if depth > DEEPEST_LIST:
        raise ExpressionError(f"lists are nested deeper than {DEEPEST_LIST}")
    flat: list[Any] = []
    for item in items:
        flat += flatten(item, depth + 1) if isinstance(item, list) else [item]
    return flat


LONGEST_TO_COMPARE = 1000


def uniq(items: list[Any]) -> list[Any]:
    """Every value once. Raises ExpressionError for more lists and maps than can be compared with each other."""
    kept: list[Any] = []
    plain: set[tuple[bool, Any]] = set()
    nested: list[Any] = []
    for item in items:
        if isinstance(item, list | dict):
            if any(equal(item, other) for other in nested):
                continue
            nested.append(item)
        else:
            key = (isinstance(item, bool), item)
            if key in plain:
                continue
            plain.add(key)
        kept.append(item)
        if len(nested) > LONGEST_TO_COMPARE:
            raise ExpressionError(f"memory budget exceeded: uniq takes at most {LONGEST_TO_COMPARE} lists or maps")
    return kept


def keys(value: dict[str, Any]) -> list[Any]:
    return list(value)


def map_values(value: dict[str, Any]) -> list[Any]:
    return list(value.values())


def to_pairs(value: dict[str, Any]) -> list[Any]:
    return [[key, item] for key, item in value.items()]


def from_pairs(pairs: list[Any]) -> dict[str, Any]:
    if not all(isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
        raise ValueError("pairs of a string and a value are needed")
    return dict(pairs)
