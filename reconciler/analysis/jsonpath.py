"""The JSONPath dialect of kubectl: `{$.items[0].name}`, `[*]`, `..name`, `[1:3]`, `[?(@.ready == true)]`."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from reconciler.errors import ReconcilerError

Step = Callable[[Any], Iterator[Any]]
"""From one value to those that a segment of the path selects in it."""

LONGEST_PATH = 1000

_SEGMENT = re.compile(
    r"""\.\.(?P<deep>[\w-]+)
      | \.(?P<name>[\w-]+|\*)
      | \[\s*'(?P<single>[^']*)'\s*\] | \[\s*"(?P<double>[^"]*)"\s*\]
      | \[\s*(?P<index>-?\d+)\s*\]
      | \[\s*(?P<all>\*)\s*\]
      | \[\s*(?P<low>-?\d*)\s*:\s*(?P<high>-?\d*)\s*\]
      | \[\s*\?\(\s*@(?P<left>[^=!<>()]*?)\s*(?:(?P<test>==|!=|<=|>=|<|>)\s*(?P<right>[^()]+?)\s*)?\)\s*\]""",
    re.VERBOSE,
)
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PathError(ReconcilerError):
    """The path cannot be read, or nothing is there."""


def first(path: str, document: Any) -> Any:
    """The first value that the path selects. Raises PathError when there is none."""
    values: Iterable[Any] = [document]
    for step in _steps(path.strip().removeprefix("{").removesuffix("}")):
        values = [found for value in values for found in step(value)]
    for value in values:
        return value
    raise PathError(f"jsonPath {path} selects nothing in the answer")


def _steps(path: str) -> list[Step]:
    text = path.strip().removeprefix("$")
    text = text if not text or text[0] in ".[" else f".{text}"
    if len(text) > LONGEST_PATH:
        raise PathError(f"the jsonPath is longer than {LONGEST_PATH} characters")
    steps, position = [], 0
    while position < len(text) and text != ".":
        match = _SEGMENT.match(text, position)
        if match is None:
            raise PathError(f"jsonPath {{{path}}} cannot be read from {text[position:]!r} on")
        steps.append(_step(match))
        position = match.end()
    return steps


def _step(match: re.Match[str]) -> Step:
    parts = match.groupdict()
    if parts["all"] or parts["name"] == "*":
        return _children
    if parts["index"] is not None:
        return lambda value: _item(value, int(parts["index"]))
    if parts["low"] is not None:
        low, high = (int(end) if end else None for end in (parts["low"], parts["high"]))
        return lambda value: iter(value[low:high] if isinstance(value, list) else ())
    if parts["left"] is not None:
        return _filter(parts["left"], parts["test"], parts["right"])
    if parts["deep"] is not None:
        return lambda value: _descend(value, parts["deep"])
    name = next(parts[kind] for kind in ("name", "single", "double") if parts[kind] is not None)
    return lambda value: iter([value[name]] if isinstance(value, dict) and name in value else ())


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _item(value: Any, index: int) -> Iterator[Any]:
    if isinstance(value, list) and -len(value) <= index < len(value):
        yield value[index]


def _descend(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, dict) and name in value:
        yield value[name]
    for child in _children(value):
        yield from _descend(child, name)


def _filter(left: str, test: str | None, right: str | None) -> Step:
    inner = _steps(left)
    wanted = _literal(right) if right is not None else None

    def keep(value: Any) -> Iterator[Any]:
        for item in _children(value):
            found: list[Any] = [item]
            for step in inner:
                found = [selected for part in found for selected in step(part)]
            if any(test is None or _compare(test, part, wanted) for part in found):
                yield item

    return keep


def _literal(text: str) -> Any:
    quoted = text[1:-1] if text[:1] == text[-1:] == "'" else None
    try:
        return quoted if quoted is not None else json.loads(text)
    except ValueError:
        raise PathError(f"{text} in a jsonPath filter is neither a number, a string nor true or false") from None


def _compare(test: str, left: Any, right: Any) -> bool:
    try:
        return _TESTS[test](left, right)
    except TypeError:
        return False
