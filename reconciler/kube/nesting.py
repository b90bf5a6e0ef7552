"""Objects that are nested so deeply that no decoder follows: taken apart without recursion, one level at a time.

The API server accepts them, and whoever may create one object must not be able to stop all others from being read. So
what is too deep is replaced by a word where an object is expected: the rest is read, and the object is seen as invalid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeVar

import orjson

T = TypeVar("T")

DEEPEST = 200
"""Levels that any decoder and encoder follows, wherever it is called; no manifest that people write has fifty."""

_WORD = b'"nested too deeply"'
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)
_NAME = re.compile(rb'\s*("(?:[^"\\]|\\.)*")\s*:', re.DOTALL)


def fields(raw: bytes) -> dict[str, bytes]:
    """The JSON of each field of an object."""
    named = ((_NAME.match(part), part) for part in elements(raw))
    return {orjson.loads(name[1]): part[name.end() :].strip() for name, part in named if name}


def elements(raw: bytes) -> list[bytes]:
    """The JSON of each item of a list."""
    return [part for part in _parts(raw) if part.strip()]


def decoded(decode: Callable[[bytes], T], raw: bytes) -> T:
    """What `decode` makes of an object, or of what can be read of it."""
    try:
        return decode(raw)
    except RecursionError:
        return decode(bearable(raw))


def bearable(raw: bytes) -> bytes:
    """The object without what is too deep; of its metadata such fields are left out, for names must be readable."""
    found = {name: _shallow(name, value) for name, value in fields(raw).items()}
    return _joined(found)


def too_deep(raw: bytes) -> bool:
    """Whether not every decoder follows."""
    return any(depth == DEEPEST and token[0] in (b"{", b"[") for token, depth in _levels(raw))


def _shallow(name: str, value: bytes) -> bytes:
    if not too_deep(value):
        return value
    if name != "metadata":
        return _WORD
    return _joined({key: each for key, each in fields(value).items() if not too_deep(each)})


def _joined(found: dict[str, bytes]) -> bytes:
    return b"{%s}" % b",".join(b"%s:%s" % (orjson.dumps(name), value) for name, value in found.items())


def _levels(raw: bytes) -> Iterator[tuple[re.Match[bytes], int]]:
    """Every bracket and comma outside of texts, with the number of brackets around it."""
    depth = 0
    for token in _TOKEN.finditer(raw):
        depth -= token[0] in (b"}", b"]")
        if token[0][:1] != b'"':
            yield token, depth
        depth += token[0] in (b"{", b"[")


def _parts(raw: bytes) -> Iterator[bytes]:
    """What stands between the outermost brackets and the commas right inside of them."""
    bounds = (token for token, depth in _levels(raw) if depth == (1 if token[0] == b"," else 0))
    return (raw[one.end() : other.start()] for one, other in pairwise(bounds))
