"""One object under check, and where its fields are written, also when a tool built it from what is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reconciler.errors import Position, Problem
from reconciler.render.model import Found
from reconciler.render.validate import Fault
from reconciler.yaml.positions import Path

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Item:
    """`origin` is the directory or kustomization that it comes from: objects of one origin are applied together.

    `sources` are what a kustomization may have built the object from: resources and patches of that kind and name.
    """

    found: Found
    origin: str
    sources: tuple[Found, ...] = ()

    @property
    def manifest(self) -> dict[str, Any]:
        return self.found.manifest

    @property
    def kind(self) -> str:
        return self.found.kind

    @property
    def api_version(self) -> str:
        return str(self.found.manifest["apiVersion"])

    @property
    def name(self) -> str:
        return self.found.name

    @property
    def title(self) -> str:
        return f"{self.kind} {self.name}"

    def place(self, path: Path) -> Position:
        """Where the field is written; of a built object, the first file that says the same, else the kustomization."""
        if not self.sources:
            return self.found.place(*path)
        value = _value(self.manifest, path)
        if value is _ABSENT:
            return self.place(path[:-1]) if path else self.found.at
        return next((each.place(*path) for each in self.sources if _value(each.manifest, path) == value), self.found.at)

    def problem(self, fault: Fault) -> Problem:
        return Problem(f"{self.title}: {fault.what}", fault.fix, self.place(fault.path))


def sources_of(built: Found, written: Iterable[Found]) -> tuple[Found, ...]:
    """Written objects of the built one's kind whose name it bears, with or without a prefix: the likeliest first."""
    known = [each for each in written if each.kind == built.kind and each.name in built.name]
    return tuple(sorted(known, key=lambda each: -len(each.name)))


def _value(manifest: Any, path: Path) -> Any:
    for part in path:
        try:
            manifest = manifest[part]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return manifest
