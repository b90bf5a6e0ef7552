"""Plain directories of YAML and JSON files (spec gitops §1.2). An unchanged file costs a look into the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.errors import Position, Problem, UserError
from reconciler.render import globs
from reconciler.render.cache import Cache
from reconciler.render.inputs import Inputs
from reconciler.render.manifests import Manifests, read
from reconciler.render.model import Directory, Entry, Found, Limits, Tree

EXTENSIONS = (".yaml", ".yml", ".json")
_SYMLINK = 0o120000
_SUBMODULE = 0o160000
_UNREAD = (".sourceignore", ".argocd-source.yaml")


@dataclass(slots=True)
class Collected:
    """What the files of a directory gave; with `problems` nothing of it may be used."""

    objects: list[Found] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    inputs: Inputs = field(default_factory=Inputs)


def collect(tree: Tree, path: str, directory: Directory, cache: Cache, limits: Limits) -> Collected:
    """Objects of all manifests below `path` (a directory, resolved). Problems are collected, never raised."""
    result = Collected(
        inputs=Inputs(trees=frozenset([path])) if directory.recurse else Inputs(listed=frozenset([path]))
    )
    try:
        entries = _selected(tree.list(path, directory.recurse), path, directory)
    except UserError as error:
        result.problems += error.problems
        return result
    files = list(_files(tree, entries, result))
    if len(files) > limits.files:
        result.problems.append(_over(path or ".", "files", len(files), limits.files))
        return result
    _read_all(tree, files, cache, limits, result)
    return result


def _read_all(tree: Tree, files: Sequence[tuple[str, Entry]], cache: Cache, limits: Limits, result: Collected) -> None:
    total = 0
    for name, entry in files:
        manifests = _manifests(tree, name, entry, cache, limits)
        total += manifests.size
        result.objects += manifests.objects
        result.warnings += manifests.warnings
        result.problems += manifests.problems
        if total > limits.total_bytes:
            result.problems.append(_over(name, "bytes of manifests up to this file", total, limits.total_bytes))
            return
        if len(result.objects) > limits.objects:
            result.problems.append(_over(name, "objects up to this file", len(result.objects), limits.objects))
            return


def _manifests(tree: Tree, name: str, entry: Entry, cache: Cache, limits: Limits) -> Manifests:
    key = (name, entry.id)
    known = cache.manifests.get(key)
    if known is None:
        size = tree.size(entry)
        if size > limits.file_bytes:
            return Manifests(problems=(_over(name, "bytes", size, limits.file_bytes),))
        known = read(tree.read(entry, limits.file_bytes), name)
        cache.manifests.put(key, known)
    return known


def _selected(entries: Sequence[Entry], top: str, directory: Directory) -> list[Entry]:
    """In byte order of the path, as the tree lists them. Patterns see paths relative to the Application's directory."""
    include = globs.matcher(directory.include) if directory.include else None
    exclude = globs.matcher(directory.exclude) if directory.exclude else None
    skip = len(top) + 1 if top else 0
    return [
        entry
        for entry in entries
        if not (exclude and exclude(entry.path[skip:])) and (include is None or include(entry.path[skip:]))
    ]


def _files(tree: Tree, entries: Sequence[Entry], result: Collected) -> Iterator[tuple[str, Entry]]:
    """Manifest files by the name they are listed under, with links resolved."""
    for entry in entries:
        base = entry.path.rpartition("/")[2]
        if entry.mode == _SUBMODULE:
            result.warnings.append(Problem("is a submodule, which is not read", at=Position(entry.path)))
        elif base in _UNREAD:
            result.warnings.append(Problem("is not read: it has no effect here", at=Position(entry.path)))
        elif base.endswith(".jsonnet"):
            fix = "exclude it, or commit what it generates"
            result.problems.append(Problem("jsonnet is not supported yet", fix, Position(entry.path)))
        elif base.endswith(EXTENSIONS) and not entry.path.isprintable():
            shown = entry.path.encode(errors="surrogateescape").decode(errors="backslashreplace")
            result.problems.append(Problem(f"the file name {shown!a} is not printable text", "rename the file"))
        elif base.endswith(EXTENSIONS):
            resolved = _resolved(tree, entry, result)
            if resolved is not None and resolved.is_file:
                yield entry.path, resolved


def _resolved(tree: Tree, entry: Entry, result: Collected) -> Entry | None:
    if entry.mode != _SYMLINK:
        return entry
    try:
        found = tree.resolve(entry.path)
    except UserError as error:
        result.problems += error.problems
        return None
    if found is None:
        result.warnings.append(Problem("is a link to nothing and was skipped", at=Position(entry.path)))
        return None
    result.inputs |= Inputs(files=frozenset([found.path]))
    return found


def _over(file: str, what: str, seen: int, limit: int) -> Problem:
    return Problem(f"{seen:,} {what}, but the limit is {limit:,}", "split the Application", Position(file))
