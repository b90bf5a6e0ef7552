"""JSON pointers (RFC 6901) on API objects: reading, dropping, and telling who owns what they point at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from reconciler.kube.api import Object
from reconciler.sync.digests import ABSENT, Fields, child

Path = tuple[str | int, ...]


def parse(pointer: str) -> tuple[str, ...]:
    """`/a~1b/0` -> `("a/b", "0")`. Raises `ValueError` when it does not start with a slash."""
    if not pointer.startswith("/"):
        raise ValueError(f"a JSON pointer starts with a slash: {pointer!r}")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))


def step(value: Any, part: str) -> Any:
    """One step down; `ABSENT` where there is nothing."""
    if isinstance(value, dict):
        return value.get(part, ABSENT)
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return ABSENT


def get(obj: Object, pointer: str) -> Any:
    value: Any = obj
    for part in parse(pointer):
        value = step(value, part)
    return value


def drop(obj: Object, pointers: Iterable[str]) -> None:
    """Removes what the pointers name, in place. Pointers to nothing do nothing."""
    for pointer in pointers:
        *parents, last = parse(pointer)
        value: Any = obj
        for part in parents:
            value = step(value, part)
        if isinstance(value, dict):
            value.pop(last, None)
        elif isinstance(value, list) and last.isdigit() and int(last) < len(value):
            del value[int(last)]


def drop_fields(value: Any, fields: Fields) -> None:
    """Removes, in place, every leaf that a managedFields tree lists: what another manager looks after."""
    for key, below in fields.items():
        found = child(value, key) if key != "." else ABSENT
        if found is ABSENT:
            continue
        if below and set(below) != {"."}:
            drop_fields(found, below)
        else:
            _remove(value, key, found)


def _remove(value: Any, key: str, found: Any) -> None:
    if isinstance(value, dict):
        value.pop(key.partition(":")[2], None)
    elif isinstance(value, list):
        value.remove(found)


def owns(fields: Fields, obj: Object, pointer: str) -> bool:
    """Whether a managedFields tree lists what `pointer` names in `obj`, or something that contains it."""
    value: Any = obj
    for part in parse(pointer):
        key = next((key for key in fields if _names(key, value, part)), None)
        if key is None:
            return False
        fields, value = fields[key], step(value, part)
        if not fields:
            return True
    return True


def _names(key: str, value: Any, part: str) -> bool:
    kind, _, text = key.partition(":")
    if isinstance(value, dict):
        return kind == "f" and text == part
    item = step(value, part)
    if item is ABSENT:
        return False
    return kind in ("k", "v", "i") and child([item] if kind != "i" else value, key) == item


def only(obj: Object, pointers: Iterable[str], fields: Fields) -> Object:
    """The part of `obj` that the pointers name, with the merge keys of list items on the way (for a holder's apply)."""
    part: Object = {}
    for pointer in pointers:
        _copy(obj, part, fields, parse(pointer))
    return part


def _copy(source: Any, into: Any, fields: Fields, path: tuple[str, ...]) -> None:
    part, rest = path[0], path[1:]
    value = step(source, part)
    key = next((key for key in fields if _names(key, source, part)), None)
    if value is ABSENT or key is None:
        return
    if not rest or not fields[key]:
        _put(into, part, value)
        return
    empty: Any = dict(orjson.loads(key[2:])) if key.startswith("k:") else [] if isinstance(value, list) else {}
    _copy(value, _slot(into, part, empty), fields[key], rest)


def _put(into: Any, part: str, value: Any) -> None:
    if isinstance(into, dict):
        into[part] = value
    else:
        into.append(value)


def _slot(into: Any, part: str, empty: Any) -> Any:
    if isinstance(into, dict):
        return into.setdefault(part, empty)
    same = [item for item in into if isinstance(empty, dict) and empty.items() <= item.items()]
    if not same:
        into.append(empty)
    return (same or [into[-1]])[0]
