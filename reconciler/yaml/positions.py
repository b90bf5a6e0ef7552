"""Where a field stands in its file, found when somebody asks.

Keeping a place for every node of every manifest would cost more memory than the manifests. Errors are rare, so a
document keeps its text (shared by all documents of the file) and reads it a second time when a place is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml
from yaml import events
from yaml._yaml import CParser

Path = tuple[str | int, ...]
"""Keys and list indexes from the document's top."""

Place = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(frozen=True, slots=True)
class Positions:
    """Places in one document of a file."""

    text: bytes = field(repr=False)
    document: int

    def of(self, path: Path) -> Place:
        """Where the field at `path` is written: its key, or a list's item.

        Something that is not written (a missing field, the inside of an alias) has the place of what would hold it.
        """
        places = _places(self.text, self.document)
        while path not in places and path:
            path = path[:-1]
        return places.get(path, (1, 1))


@lru_cache(maxsize=4)
def _places(text: bytes, document: int) -> dict[Path, Place]:
    """All places of one document. The last few are kept: errors come in groups."""
    try:
        return dict(_walk(text, document))
    except (yaml.YAMLError, UnicodeError, RecursionError):
        return {}


def _walk(text: bytes, document: int) -> Iterator[tuple[Path, Place]]:
    parser = CParser(text)
    index = -1
    while not isinstance(event := parser.get_event(), events.StreamEndEvent):
        if isinstance(event, events.DocumentStartEvent):
            index += 1
            if index == document:
                yield from _node(parser, parser.get_event(), (), None)
                return


def _node(parser: Any, event: Any, path: Path, place: Place | None) -> Iterator[tuple[Path, Place]]:
    yield path, place or _place(event)
    if isinstance(event, events.SequenceStartEvent):
        index = 0
        while not isinstance(item := parser.get_event(), events.SequenceEndEvent):
            yield from _node(parser, item, (*path, index), None)
            index += 1
    elif isinstance(event, events.MappingStartEvent):
        while not isinstance(key := parser.get_event(), events.MappingEndEvent):
            if not isinstance(key, events.ScalarEvent):
                return  # not a document that the loader accepts
            yield from _node(parser, parser.get_event(), (*path, key.value), _place(key))


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1
