"""Taking typed fields out of what a user wrote, noting every mistake with its place instead of stopping at the first.

A `Fields` is one mapping of the file. Each field that is asked for becomes known; `finish` reports the rest as unknown
with the nearest known name. So the names are written once, where they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from reconciler.errors import Position, Problem, UserError
from reconciler.kube.durations import parse_go_duration
from reconciler.yaml.positions import Path, Positions

_NAMES = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}


class Notes:
    """The problems of one file, with places."""

    def __init__(self, file: str, positions: Positions) -> None:
        self.file, self._positions = file, positions
        self.problems: list[Problem] = []

    def at(self, path: Path) -> Position:
        return Position(self.file, *self._positions.of(path))

    def add(self, path: Path, what: str, fix: str = "") -> None:
        self.problems.append(Problem(what, fix, self.at(path)))

    def adopt(self, path: Path, error: UserError) -> None:
        """Problems found by another room about the field at `path`."""
        for problem in error.problems:
            self.add(path, problem.what, problem.fix)


class Fields:
    """One mapping. `path` is where it stands; every getter returns the default after noting a problem."""

    def __init__(self, value: Any, path: Path, notes: Notes) -> None:
        self.path, self.notes = path, notes
        self._known: set[str] = set()
        self._mute = value is not None and not isinstance(value, dict)
        if self._mute:
            notes.add(path, f"{_shown(path)} must be a mapping, not {_type(value)}")
        self._value: Mapping[str, Any] = value if isinstance(value, dict) else {}

    def __contains__(self, name: str) -> bool:
        return self._value.get(name) is not None

    def __bool__(self) -> bool:
        """Whether anything is written in it."""
        return bool(self._value)

    def value(self, name: str) -> Any:
        """As it was written; the field becomes known."""
        self._known.add(name)
        return self._value.get(name)

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        value = self.value(name)
        if value is None or value == "":
            if required:
                self.problem(name, f"{name} is missing")
            return default
        return str(self._typed(name, value, str, default, "quote it" if isinstance(value, int | float) else ""))

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.value(name)
        return default if value is None else bool(self._typed(name, value, bool, default))

    def number(self, name: str, default: int) -> int:
        value = self.value(name)
        return default if value is None else int(self._typed(name, value, int, default))

    def seconds(self, name: str, default: float, *, minimum: float = 0.0) -> float:
        """A duration such as 30s or 5m, in seconds."""
        value = self.value(name)
        if value is None:
            return default
        if not isinstance(value, str):
            self.problem(name, f"{name} must be a duration, not {_type(value)}", f'write for example "{value}s"')
            return default
        try:
            return duration(value, minimum)
        except ValueError as error:
            self.problem(name, f"{name}: {error}")
            return default

    def one_of(self, name: str, choices: Iterable[str], default: str) -> str:
        value = self.text(name, default)
        known = list(choices)
        if value not in known:
            self.problem(name, f"{name} is {value!r}", f"write {nearest(value, known) or ' or '.join(known)}")
            return default
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(item for item, path in self.items(name) if self._is_text(item, path))

    def items(self, name: str) -> list[tuple[Any, Path]]:
        """The items of a list with their paths."""
        value = self.value(name)
        if value is None:
            return []
        return [(item, (*self.path, name, index)) for index, item in enumerate(self._typed(name, value, list, []))]

    def fields(self, name: str) -> Fields:
        """A mapping inside of this one; an absent one is empty."""
        return Fields(self.value(name), (*self.path, name), self.notes)

    def mappings(self, name: str) -> list[Fields]:
        return [Fields(item, path, self.notes) for item, path in self.items(name)]

    def problem(self, name: str, what: str, fix: str = "") -> None:
        """Notes a problem with one field; not when the whole is of the wrong type, which says enough."""
        if not self._mute:
            self.notes.add((*self.path, name), what, fix)

    def refuse(self, reasons: Mapping[str, str]) -> None:
        """Fields that we know but do not take, each with the reason why and what to do."""
        for name in reasons.keys() & self._value.keys():
            self.problem(name, f"{name} {reasons[name]}")
        self._known |= reasons.keys()

    def finish(self) -> None:
        """Reports what nobody asked for."""
        for name in self._value.keys() - self._known:
            near = nearest(name, self._known)
            self.problem(name, f"unknown field {name!r}", f"did you mean {near!r}?" if near else "remove it")

    def _is_text(self, item: Any, path: Path) -> bool:
        if not isinstance(item, str):
            self.notes.add(path, f"{_shown(path)} must be text, not {_type(item)}")
        return isinstance(item, str)

    def _typed(self, name: str, value: Any, kind: type[Any], default: Any, fix: str = "") -> Any:
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        self.problem(name, f"{name} must be {_NAMES[kind]}, not {_type(value)}", fix)
        return default


def duration(text: str, minimum: float = 0.0) -> float:
    """Seconds of a Go duration text. Raises `ValueError`."""
    seconds = parse_go_duration(text).total_seconds()
    if seconds < minimum:
        raise ValueError(f"{text!r} is shorter than {minimum:g}s")
    return seconds


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, or ""."""
    lower = {each.lower(): each for each in known}
    found = get_close_matches(name.lower(), lower, 1, 0.6)
    return lower[found[0]] if found else ""


def _shown(path: Path) -> str:
    return str(path[-1]) if path and isinstance(path[-1], str) else "the item" if path else "the file"


def _type(value: Any) -> str:
    return _NAMES.get(type(value), "empty")
