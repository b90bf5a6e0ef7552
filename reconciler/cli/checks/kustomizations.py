"""Kustomizations of a tree: which are to be built, what they read, and what their objects were written as."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.cli.checks.item import sources_of
from reconciler.errors import Position, Problem, Transient, UserError
from reconciler.git.entries import Entry as File
from reconciler.git.worktree import Worktree
from reconciler.render import kustomize
from reconciler.render.cache import Cache
from reconciler.render.kustomization import Closure, closure
from reconciler.render.manifests import read
from reconciler.render.model import Entry, Found
from reconciler.render.plain import EXTENSIONS


@dataclass(frozen=True, slots=True)
class Built:
    """One kustomization. `sources` tells by index what an object may have been written as. Paths are the tree's."""

    origin: str
    objects: tuple[Found, ...] = ()
    sources: Mapping[int, tuple[Found, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    files: frozenset[str] = frozenset()


class Kustomizations:
    """Those in `directories`, and what they need."""

    def __init__(self, tree: Worktree, directories: set[str]) -> None:
        self._tree = tree
        self.directories = frozenset(directories)
        self._closures = {directory: closure(tree, directory) for directory in sorted(directories)}
        self._owned = {file for needed in self._closures.values() for file in needed.files}

    def owns(self, path: str) -> bool:
        return path in self._owned

    def build(self) -> Iterator[Built]:
        """Each that no other one uses. Without a tool they are named in a warning, and not built."""
        used = {base for directory, each in self._closures.items() for base in each.kustomizations if base != directory}
        search_path = os.environ.get("PATH", os.defpath)
        for directory, needed in self._closures.items():
            if directory not in used:
                yield self._build(directory, needed, search_path)

    def _build(self, directory: str, needed: Closure, search_path: str) -> Built:
        files = frozenset(needed.files)
        if needed.problems:
            return Built(directory, problems=tuple(needed.problems), files=files)
        entry = needed.kustomizations[directory]
        try:
            kustomize.find_tool(search_path)
        except UserError as error:
            what = f"was not checked: {error.problems[0].what}"
            return Built(directory, warnings=(Problem(what, error.problems[0].fix, Position(entry.path)),))
        try:
            _, collected = kustomize.collect(self._tree, _directory(self._tree, directory), Cache(), search_path)
        except Transient as error:
            return Built(directory, problems=(Problem(f"kustomize: {error}", at=Position(entry.path)),), files=files)
        written = list(self._written(needed))
        return Built(
            directory,
            tuple(collected.objects),
            {index: sources_of(found, written) for index, found in enumerate(collected.objects)},
            tuple(collected.problems),
            tuple(collected.warnings),
            files,
        )

    def _written(self, needed: Closure) -> Iterator[Found]:
        """Objects in the files that a kustomization reads; patches look like objects too, and are good places."""
        for path, entry in needed.files.items():
            if path.endswith(EXTENSIONS):
                yield from read(self._tree.read(_file(entry)), path).objects


def _directory(tree: Worktree, path: str) -> Entry:
    found = tree.entry(path)
    if found is None:
        raise UserError(f"{path} is gone")
    return found


def _file(entry: Entry) -> File:
    return File(entry.path, entry.id, entry.mode)
