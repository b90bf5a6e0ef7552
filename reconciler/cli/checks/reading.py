"""PATH on disk → the objects to check: as the daemon would read them from a commit, but of a whole tree at once.

A directory with a kustomization is built; files that it names belong to it and are not objects by themselves. A base
that another kustomization uses is checked as a part of that one only. All other manifests are taken as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.cli.checks import configuration
from reconciler.cli.checks.item import Item
from reconciler.cli.checks.kustomizations import Kustomizations
from reconciler.cli.checks.names import Names
from reconciler.config.model import Directory
from reconciler.errors import Position, Problem, UserError
from reconciler.git.entries import Entry
from reconciler.git.worktree import Worktree
from reconciler.render import plain
from reconciler.render.cache import Cache
from reconciler.render.kustomization import NAMES as KUSTOMIZATIONS
from reconciler.render.model import Found, Limits

_CHART = "Chart.yaml"


@dataclass(slots=True)
class Material:
    """What there is to check, and what could not be read. Files are named as the user would name them."""

    items: list[Item] = field(default_factory=list)
    configurations: list[tuple[str, bytes]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    files: set[str] = field(default_factory=set)


def read(path: Path) -> Material:
    """Everything below `path`, or the one file. Raises `UserError` when there is nothing to read."""
    if not path.exists():
        fix = "give a directory of manifests, a manifest or reconciler.yaml"
        raise UserError(Problem(f"{path} does not exist", fix))
    if path.is_file() and path.name not in KUSTOMIZATIONS:
        names = Names.of(path.parent)
        file = f"{names.inside}/{path.name}".removeprefix("/")
        return _Reader(names).read([entry for entry in [Worktree(names.root).entry(file)] if entry])
    names = Names.of(path if path.is_dir() else path.parent)
    return _Reader(names).directory()


class _Reader:
    def __init__(self, names: Names) -> None:
        self._names, self._tree = names, Worktree(names.root)
        self._made = Material()

    def directory(self) -> Material:
        """All that is below the directory but hidden directories and charts."""
        top = self._names.inside
        entries = [each for each in self._tree.list(top, True) if not _hidden(each.path[len(top) :])]
        entries = self._without_charts(entries)
        kustomizations = Kustomizations(self._tree, {_parent(each) for each in entries if _is_kustomization(each)})
        for built in kustomizations.build():
            self._take(built.objects, built.sources, built.origin)
            self._made.problems += map(self._names.problem, built.problems)
            self._made.warnings += map(self._names.problem, built.warnings)
            self._made.files |= {self._names.shown(file) for file in built.files}
        return self.read([each for each in entries if not kustomizations.owns(each.path)], kustomizations.directories)

    def read(self, entries: Sequence[Entry], kustomized: frozenset[str] = frozenset()) -> Material:
        """Files by themselves. What stands beside a kustomization without being named in it is not applied."""
        files: dict[str, list[Entry]] = {}
        for entry in entries:
            if not entry.path.endswith(plain.EXTENSIONS) or entry.is_directory:
                continue
            if _parent(entry) in kustomized:
                what = "is not named in the kustomization beside it, so it is not applied and was not checked"
                self._warn(what, entry)
            elif not self._configuration(entry):
                files.setdefault(_parent(entry), []).append(entry)
        for directory, here in files.items():
            self._plain(directory, here)
        return self._made

    def _plain(self, directory: str, entries: list[Entry]) -> None:
        collected = plain.collect(_Only(self._tree, entries), directory, Directory(), Cache(), Limits())
        self._made.problems += map(self._names.problem, collected.problems)
        self._made.warnings += map(self._names.problem, collected.warnings)
        self._made.files |= {self._names.shown(entry.path) for entry in entries}
        self._take(collected.objects, {}, directory)

    def _configuration(self, entry: Entry) -> bool:
        if not entry.is_file or self._tree.size(entry) > Limits().file_bytes:
            return False
        text, name = self._tree.read(entry), self._names.shown(entry.path)
        if not configuration.is_configuration(text, name):
            return False
        self._made.configurations.append((name, text))
        self._made.files.add(name)
        return True

    def _take(self, objects: Sequence[Found], sources: Mapping[int, tuple[Found, ...]], origin: str) -> None:
        for index, found in enumerate(objects):
            named = tuple(map(self._names.found, sources.get(index, ())))
            self._made.items.append(Item(self._names.found(found), origin, named))

    def _without_charts(self, entries: list[Entry]) -> list[Entry]:
        charts = [each for each in entries if each.path.rpartition("/")[2] == _CHART]
        for chart in charts:
            self._warn("is a Helm chart, which is not supported yet: nothing below it was checked", chart)
        roots = [_parent(chart) for chart in charts]
        return [each for each in entries if not any(_is_below(each.path, root) for root in roots)]

    def _warn(self, what: str, entry: Entry) -> None:
        self._made.warnings.append(Problem(what, at=Position(self._names.shown(entry.path))))


class _Only:
    """A tree in which only some files are listed."""

    def __init__(self, tree: Worktree, entries: list[Entry]) -> None:
        self._entries = entries
        self.entry, self.resolve, self.size, self.read = tree.entry, tree.resolve, tree.size, tree.read

    def list(self, path: str, recursive: bool = False) -> list[Entry]:
        return self._entries


def _is_kustomization(entry: Entry) -> bool:
    return entry.path.rpartition("/")[2] in KUSTOMIZATIONS


def _parent(entry: Entry) -> str:
    return entry.path.rpartition("/")[0]


def _is_below(path: str, directory: str) -> bool:
    return not directory or path.startswith(f"{directory}/")


def _hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))
