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

    `source` is what a kustomization built the object from, when that can be told.
    """

    found: Found
    origin: str
    source: Found | None = None

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
        """Where the field is written; the kustomization's place when it changed the field."""
        if self.source is None:
            return self.found.place(*path)
        same = _value(self.manifest, path) == _value(self.source.manifest, path)
        return self.source.place(*path) if same else self.found.at

    def problem(self, fault: Fault) -> Problem:
        return Problem(f"{self.title}: {fault.what}", fault.fix, self.place(fault.path))


def source_of(built: Found, written: Iterable[Found]) -> Found | None:
    """The object that was written for a built one: same kind, and a name that the built one contains; the longest."""
    known = [each for each in written if each.kind == built.kind and each.name in built.name]
    return max(known, key=lambda each: len(each.name), default=None)


def _value(manifest: Any, path: Path) -> Any:
    for part in path:
        try:
            manifest = manifest[part]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return manifest
