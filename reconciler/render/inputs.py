"""What a render depended on: files read or looked up, directories listed, whole subtrees (spec gitops §5.7). Pure.

A commit that touches none of these renders to the same result, so it is a no-op for the Application.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inputs:
    """Paths from the repository's root.

    `files`: read, or looked for and missing. `listed`: directories whose direct entries were listed. `trees`:
    directories of which everything below matters; "" is the whole repository.
    """

    files: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    trees: frozenset[str] = frozenset()

    def affected_by(self, changed: Iterable[str]) -> bool:
        """Whether one of the changed files (as the tree walk names them) could change the render."""
        if "" in self.trees:
            return any(True for _ in changed)
        named = self.files | self.listed | self.trees
        held = named | {parent for path in named for parent in _parents(path)}
        return any(path in held or self._holds(path) for path in changed)

    def __or__(self, other: Inputs) -> Inputs:
        return Inputs(self.files | other.files, self.listed | other.listed, self.trees | other.trees)

    def _holds(self, path: str) -> bool:
        parents = list(_parents(path))
        return parents[0] in self.listed or any(parent in self.trees for parent in parents)


def _parents(path: str) -> Iterator[str]:
    """Directories above `path`, nearest first, down to the root "" (which is in no result for the root itself)."""
    while path:
        path = path.rpartition("/")[0]
        yield path
