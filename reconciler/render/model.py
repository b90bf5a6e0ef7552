"""What rendering reads and what it gives: manifests of one Application at one commit, each with its place in git."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.errors import Position, Problem
from reconciler.render.inputs import Inputs
from reconciler.yaml.positions import Path, Positions

Manifest = dict[str, Any]

IsNamespaced = Callable[[str, str], bool | None]
"""(apiVersion, kind) → whether objects of that kind live in namespaces; None when the cluster does not know it."""


class Entry(Protocol):
    """A name in a tree; `path` from the repository's root."""

    @property
    def path(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def mode(self) -> int: ...
    @property
    def is_file(self) -> bool: ...
    @property
    def is_directory(self) -> bool: ...


class Tree(Protocol):
    """The files of one commit (`git.trees.Tree`), or of a directory on disk (`render.worktree.Worktree`)."""

    def entry(self, path: str, /) -> Entry | None: ...
    def resolve(self, path: str, /) -> Entry | None: ...
    def list(self, path: str, /, recursive: bool = False) -> Sequence[Entry]: ...
    def size(self, entry: Any, /) -> int: ...
    def read(self, entry: Any, /, limit: int | None = None) -> bytes: ...


class Directory(Protocol):
    """`source.directory` of the configuration."""

    @property
    def recurse(self) -> bool: ...
    @property
    def include(self) -> str: ...
    @property
    def exclude(self) -> str: ...


class Source(Protocol):
    """`source` of the configuration, as far as rendering is concerned."""

    @property
    def path(self) -> str: ...
    @property
    def directory(self) -> Directory: ...


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Identity of an object: the version is not part of it. `namespace` is empty for cluster-scoped kinds."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Found:
    """One object as it is written, checked for shape, before its namespace is decided. `manifest` is read-only.

    `placed` keeps the targets made of it, by namespace: a render then allocates nothing for what did not change.
    """

    manifest: Manifest
    at: Position
    group: str
    kind: str
    name: str
    namespace: str
    digest: str
    positions: Positions | None = None
    inside: Path = ()
    placed: dict[str, Target] = field(default_factory=dict, compare=False, repr=False)

    def place(self, *path: str | int) -> Position:
        """Where a field is written; the object's place when fields have none (built by a tool)."""
        if self.positions is None:
            return self.at
        line, column = self.positions.of((*self.inside, *path))
        return Position(self.at.file, line, column)


@dataclass(frozen=True, slots=True)
class Target:
    """One object to be in the cluster. `object` is shared with caches: treat it as read-only.

    `digest` identifies the object's contents; equal digests mean equal objects.
    """

    object: Manifest
    at: Position
    key: ObjectKey
    digest: str = ""
    found: Found | None = None

    def place(self, *path: str | int) -> Position:
        """Where a field is written, for messages: `target.place("spec", "replicas")`."""
        return self.found.place(*path) if self.found else self.at


@dataclass(frozen=True, slots=True)
class Rendered:
    """Everything of one Application at one commit, sorted by key.

    `renderer` names the tool and its version. `digest` covers all targets: an equal one means that nothing is to do.
    `inputs` say which changed paths would have to be rendered again.
    """

    targets: tuple[Target, ...]
    warnings: tuple[Problem, ...]
    renderer: str
    digest: str
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Limits:
    """What one Application may cost (spec gitops §1.2)."""

    files: int = 20_000
    file_bytes: int = 16 * 1024 * 1024
    total_bytes: int = 128 * 1024 * 1024
    objects: int = 20_000
