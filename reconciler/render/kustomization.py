"""Which files a kustomization needs: the closure of everything that it and its bases name. Pure over a tree.

Only this closure is written out for the kustomize binary, so it sees nothing else of the repository; and the closure is
what decides whether a push concerns the Application. Remote bases and helm charts are refused: they would make a commit
mean different things on different days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Any

from reconciler.errors import Position, Problem, UserError
from reconciler.render.inputs import Inputs
from reconciler.render.model import Entry, Tree
from reconciler.yaml.loader import Document, load

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_SYMLINK = 0o120000
_MAX_DIRECTORIES = 500
_MAX_BYTES = 1024 * 1024
_REMOTE = re.compile(r"://|^git@|^[\w.-]+\.[a-z]{2,}/[\w.-]+/|\?ref=|^git::")
_LISTS = ("resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators")
_PATCHES = ("patches", "patchesJson6902", "replacements")
_PLUGINS = ("generators", "transformers", "validators")
_HELM = ("helmCharts", "helmChartInflationGenerator", "helmGlobals")


@dataclass(slots=True)
class Closure:
    """`files` by path, `links` from path to the real path, `missing` paths looked for, `kustomizations` by directory.

    `whole` are directories of plugins' configurations, which may name files that only the plugin knows.
    """

    files: dict[str, Entry] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    kustomizations: dict[str, Entry] = field(default_factory=dict)
    configurations: set[str] = field(default_factory=set)
    images: tuple[tuple[str, str], ...] = ()
    whole: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    @property
    def inputs(self) -> Inputs:
        named = self.files.keys() | self.links.keys() | self.missing
        return Inputs(files=frozenset(named), trees=frozenset(self.whole))


def closure(tree: Tree, directory: str) -> Closure:
    """Everything that the kustomization in `directory` (resolved) needs. Problems are collected, never raised."""
    found = Closure()
    pending = [directory]
    seen: set[str] = set()
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        if len(seen) > _MAX_DIRECTORIES:
            found.problems.append(Problem(f"more than {_MAX_DIRECTORIES} kustomizations", at=Position(directory)))
            break
        try:
            pending += _Reader(tree, current, found, is_top=current == directory).visit()
        except UserError as error:
            found.problems += error.problems
    return found


class _Reader:
    """One directory with a kustomization."""

    def __init__(self, tree: Tree, directory: str, found: Closure, *, is_top: bool) -> None:
        self._tree, self._directory, self._found, self._is_top = tree, directory, found, is_top

    def visit(self) -> list[str]:
        """Adds what is named here; returns the directories that it names."""
        entry = self._kustomization()
        if entry is None:
            what = f"{self._directory or '.'} is used as a base but has no kustomization.yaml"
            self._found.problems.append(Problem(what, at=Position(self._directory or ".")))
            return []
        self._found.kustomizations[self._directory] = entry
        documents = load(self._tree.read(entry, _MAX_BYTES), entry.path)
        if len(documents) != 1 or not isinstance(documents[0].value, dict):
            raise UserError(Problem("is not one mapping", "write one kustomization per file", Position(entry.path)))
        document = documents[0]
        self._refuse_helm(document, entry)
        if self._is_top:
            self._found.images = tuple(_images(document.value))
        configurations = [item for item in _list(document.value, "configurations") if isinstance(item, str)]
        self._found.configurations |= {self._join(item) for item in configurations}
        if any(document.value.get(name) for name in _PLUGINS):
            self._take_whole()
        named = [self._add(path, document, entry) for path in _named(document.value)]
        return [directory for directory in named if directory is not None]

    def _kustomization(self) -> Entry | None:
        chosen = None
        for name in NAMES:
            path = self._join(name)
            entry = self._follow(path)
            if entry is None:
                self._found.missing.add(path)
            elif chosen is None and entry.is_file:
                chosen = entry
            if entry is not None and entry.is_file:
                self._found.files[entry.path] = entry
        return chosen

    def _add(self, path: str, document: Document, kustomization: Entry) -> str | None:
        """Takes one named path in; returns its directory if it is one."""
        entry, target = None, ""
        try:
            target = self._join(path)
            entry = self._follow(target)
        except UserError as error:
            if not _REMOTE.search(path):
                self._found.problems += error.problems
                return None
        if entry is None and _REMOTE.search(path):
            fix = "commit a copy of it to this repository"
            where = Position(kustomization.path, document.line)
            self._found.problems.append(Problem(f"{path} is remote, which is not supported", fix, where))
        elif entry is None:
            self._found.missing.add(target)
            where = Position(kustomization.path, document.line)
            self._found.problems.append(Problem(f"names {path}, which is not in the repository", at=where))
        elif entry.is_directory:
            return entry.path
        elif entry.is_file:
            self._found.files[entry.path] = entry
        return None

    def _join(self, path: str) -> str:
        joined = normpath(f"{self._directory}/{path}" if self._directory not in ("", ".") else path)
        if path.startswith("/") or joined == ".." or joined.startswith("../"):
            at = Position(f"{self._directory}/{NAMES[0]}")
            raise UserError(Problem(f"names {path}, which is outside of the repository", at=at))
        return "" if joined == "." else joined

    def _follow(self, path: str) -> Entry | None:
        """What is at `path`; every link on the way is noted, to be made again in the export."""
        done = ""
        for part in path.split("/") if path else []:
            done = f"{done}/{part}" if done else part
            found = self._tree.entry(done)
            if found is None:
                return None
            if found.mode == _SYMLINK:
                real = self._tree.resolve(done)
                if real is None:
                    return None
                self._found.links[done] = real.path
                rest = path[len(done) + 1 :]
                return self._follow(f"{real.path}/{rest}".strip("/"))
        return self._tree.entry(path)

    def _refuse_helm(self, document: Document, entry: Entry) -> None:
        for name in _HELM:
            if document.value.get(name):
                at = Position(entry.path, *document.positions.of((name,)))
                fix = "commit the output of `helm template` as a resource"
                self._found.problems.append(Problem(f"{name} is not supported yet", fix, at))

    def _take_whole(self) -> None:
        self._found.whole.add(self._directory)
        for entry in self._tree.list(self._directory, True):
            if entry.is_file:
                self._found.files[entry.path] = entry


def _named(kustomization: dict[str, Any]) -> Iterator[str]:
    """Paths that a kustomization names; inline YAML, which some of these fields also take, is left out."""
    for name in _LISTS:
        yield from (item for item in _list(kustomization, name) if isinstance(item, str) and "\n" not in item)
    for item in _list(kustomization, "patchesStrategicMerge"):
        if isinstance(item, str) and "\n" not in item:
            yield item
    for name in _PATCHES:
        yield from (item["path"] for item in _list(kustomization, name) if _has_text(item, "path"))
    if _has_text(kustomization.get("openapi"), "path"):
        yield kustomization["openapi"]["path"]
    for name in ("configMapGenerator", "secretGenerator"):
        for item in _list(kustomization, name):
            if isinstance(item, dict):
                yield from _generator_files(item)


def _generator_files(generator: dict[str, Any]) -> Iterator[str]:
    files = [item for item in _list(generator, "files") if isinstance(item, str)]
    yield from (item.partition("=")[2] if "=" in item else item for item in files)
    yield from (item for item in _list(generator, "envs") if isinstance(item, str))
    if _has_text(generator, "env"):
        yield generator["env"]


def _images(kustomization: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and new name of every image override."""
    for item in _list(kustomization, "images"):
        if _has_text(item, "name"):
            new = item.get("newName")
            yield item["name"], new if isinstance(new, str) else item["name"]


def _list(value: dict[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _has_text(value: Any, name: str) -> bool:
    return isinstance(value, dict) and isinstance(value.get(name), str)
