"""Text → documents, on libyaml's parser: strict where a mistake would deploy something else, bounded everywhere.

Refused, all at once where the parser can go on: duplicate keys, keys that are not text, custom tags, values JSON
cannot hold. Bounded: nesting, nodes *after* alias expansion (a file of 300 bytes can stand for 10⁹ nodes), documents,
length of one scalar. Aliases are copied, so that no two places share a value.

Go and YAML disagree about a `<<` that comes after a key it also sets (Go: the merged value wins; YAML: the written
one). Such a mapping is refused with the fix instead of choosing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml import events
from yaml._yaml import CParser

from reconciler.errors import Position, Problem, UserError
from reconciler.yaml import scalars
from reconciler.yaml.positions import Positions


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost (spec gitops §8.2)."""

    depth: int = 100
    nodes: int = 1_000_000
    documents: int = 10_000
    scalar_bytes: int = 2 * 1024 * 1024
    problems: int = 100


@dataclass(frozen=True, slots=True)
class Document:
    """One document. `index` counts from 0 in its file; `line` is where it starts; treat `value` as read-only."""

    value: Any
    index: int
    line: int
    positions: Positions


def load(text: bytes, file: str, limits: Limits | None = None) -> tuple[Document, ...]:
    """All documents of a file but the empty ones. Raises `UserError` with every problem, placed in `file`."""
    reader = _Reader(text, file, limits or Limits())
    try:
        documents = tuple(reader.documents())
    except yaml.MarkedYAMLError as error:
        raise UserError([*reader.problems, _syntax(error, file)]) from None
    except yaml.reader.ReaderError as error:
        raise UserError([*reader.problems, _unreadable(error, text, file)]) from None
    except UnicodeError:
        raise UserError(Problem("is not UTF-8 text", at=Position(file))) from None
    if reader.problems:
        raise UserError(reader.problems)
    return documents


_TAG = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    f"{_TAG}int": (int,),
    f"{_TAG}float": (float, int),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}
_MERGE = object()


class _Reader:
    """Builds values from the parser's events in one pass."""

    def __init__(self, text: bytes, file: str, limits: Limits) -> None:
        self._text, self._file, self._limits = text, file, limits
        self._parser = CParser(text)
        self._next = self._parser.get_event
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()
        self._nodes = 0
        self._depth = 0
        self.problems: list[Problem] = []

    def documents(self) -> Iterator[Document]:
        self._next()  # start of the stream
        index = 0
        while not isinstance(event := self._next(), events.StreamEndEvent):
            if index >= self._limits.documents:
                raise self._over(event, f"more than {self._limits.documents:,} documents")
            self._anchors.clear()
            first: Any = self._next()
            value = self._node(first)
            self._next()  # end of the document
            if value is not None:
                yield Document(value, index, first.start_mark.line + 1, Positions(self._text, index))
            index += 1

    def _node(self, event: Any) -> Any:
        if isinstance(event, events.AliasEvent):
            return self._alias(event)
        self._spend(event, 1)
        before = self._nodes
        if event.anchor:
            self._open.add(event.anchor)
        if isinstance(event, events.ScalarEvent):
            value = self._scalar(event)
        else:
            value = self._collection(event)
        if event.anchor:
            self._open.discard(event.anchor)
            self._anchors[event.anchor] = (value, self._nodes - before + 1)
        return value

    def _collection(self, event: Any) -> Any:
        self._depth += 1
        if self._depth > self._limits.depth:
            raise self._over(event, f"nested deeper than {self._limits.depth} levels")
        if isinstance(event, events.MappingStartEvent):
            self._check_tag(event, f"{_TAG}map")
            value: Any = self._mapping()
        else:
            self._check_tag(event, f"{_TAG}seq")
            value = self._sequence()
        self._depth -= 1
        return value

    def _sequence(self) -> list[Any]:
        items = []
        while not isinstance(event := self._next(), events.SequenceEndEvent):
            items.append(self._node(event))
        return items

    def _mapping(self) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := self._next(), events.MappingEndEvent):
            key = self._key(event)
            value_event = self._next()
            value = self._node(value_event)
            if key is _MERGE:
                self._merge(value_event, value, mapping, merged)
            elif key in mapping:
                self._problem(event, f"key {key!r} is there twice", "remove one of the two")
            elif isinstance(key, str):
                mapping[key] = value
        return {**merged, **mapping} if merged else mapping

    def _key(self, event: Any) -> Any:
        """The key's text, `_MERGE`, or None after a problem was noted."""
        if not isinstance(event, events.ScalarEvent):
            self._node(event)
            self._problem(event, "a key must be text", "quote it if it is meant as one")
            return None
        if _is_plain(event) and event.value == "<<":
            return _MERGE
        self._spend(event, 1)
        key = scalars.key_text(event.value) if _is_plain(event) else self._scalar(event)
        if not isinstance(key, str):
            meaning = scalars.resolve(event.value)
            shown = {True: "true", False: "false", None: "null"}.get(meaning, meaning)  # type: ignore[arg-type]
            self._problem(event, f"Kubernetes reads the key {event.value} as {shown}", f'write "{event.value}"')
        return key

    def _merge(self, event: Any, value: Any, mapping: dict[str, Any], merged: dict[str, Any]) -> None:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            self._problem(event, "<< merges mappings only")
            return
        for source in sources:
            if clash := sorted(mapping.keys() & source.keys()):
                self._problem(event, f"<< also sets {', '.join(clash)}, which is written above it", "put << first")
            for key, item in source.items():
                merged.setdefault(key, item)

    def _alias(self, event: Any) -> Any:
        if event.anchor in self._open:
            raise self._over(event, f"the anchor &{event.anchor} contains itself")
        if event.anchor not in self._anchors:
            raise self._over(event, f"there is no anchor &{event.anchor} before this alias")
        value, nodes = self._anchors[event.anchor]
        self._spend(event, nodes)
        return copy.deepcopy(value)

    def _scalar(self, event: Any) -> scalars.Scalar:
        text: str = event.value
        if len(text) > self._limits.scalar_bytes:
            raise self._over(event, f"a value longer than {self._limits.scalar_bytes:,} bytes")
        if _is_plain(event):
            return self._finite(event, scalars.resolve(text))
        if event.tag in (None, "!", f"{_TAG}str"):
            return text
        if event.tag not in _TYPES:
            self._check_tag(event, "")
            return text
        value = self._finite(event, scalars.resolve(text))
        if not isinstance(value, _TYPES[event.tag]) or (isinstance(value, bool) and not event.tag.endswith("bool")):
            self._problem(event, f"{text!r} is not a {event.tag.removeprefix(_TAG)}")
        return value

    def _finite(self, event: Any, value: scalars.Scalar) -> scalars.Scalar:
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            self._problem(event, f"{event.value} cannot be written as JSON", "quote it if it is meant as text")
        return value

    def _check_tag(self, event: Any, expected: str) -> None:
        if event.tag not in (None, "!", expected):
            self._problem(event, f"the tag {event.tag} is not supported", "remove it and write the value itself")

    def _spend(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > self._limits.nodes:
            raise self._over(event, f"more than {self._limits.nodes:,} nodes after its aliases are expanded")

    def _at(self, event: Any) -> Position:
        return Position(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _problem(self, event: Any, what: str, fix: str = "") -> None:
        self.problems.append(Problem(what, fix, self._at(event)))
        if len(self.problems) >= self._limits.problems:
            raise UserError(self.problems)

    def _over(self, event: Any, what: str) -> UserError:
        return UserError([*self.problems, Problem(what, at=self._at(event))])


def _is_plain(event: Any) -> bool:
    """Unquoted and without a tag: only such scalars are anything but text."""
    return bool(event.implicit[0]) and event.tag is None


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    at = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
    return Problem(" ".join(part for part in (error.problem, error.context) if part), at=at)


def _unreadable(error: yaml.reader.ReaderError, text: bytes, file: str) -> Problem:
    offset = error.position if isinstance(error.position, int) else 0
    return Problem(
        str(error.reason),
        "save it as UTF-8 without control characters",
        Position(file, text.count(b"\n", 0, offset) + 1),
    )
