"""A tree cut to as many lines as there are, so that what matters stays: the newest revision, and what fails. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.rollouts.views.nodes import Node, tone

_SERVES = frozenset({"stable", "active"})
Path = tuple[int, ...]
"""Where a node is: the index of each child on the way from the root."""


@dataclass(frozen=True, slots=True)
class Trimmed:
    """`hidden`: how many objects of each kind were left out, in the order of the tree."""

    root: Node
    hidden: tuple[tuple[str, int], ...] = ()


def trim(root: Node, lines: int) -> Trimmed:
    """The tree with at most so many nodes, and always its root. The first revision of a Rollout is the newest."""
    found = dict(_walk(root, ()))
    if len(found) <= lines:
        return Trimmed(root)
    kept: set[Path] = {()}
    wanted = (path for path, node in found.items() if node.kind != "Revision")  # alone it says nothing
    for path in sorted(wanted, key=lambda path: (_rank(found, path), path)):
        way = {path[:length] for length in range(len(path) + 1)} - kept
        if len(kept) + len(way) <= lines:
            kept |= way
    hidden = Counter(node.kind for path, node in found.items() if path not in kept)
    return Trimmed(_rebuilt(root, (), kept), tuple(hidden.items()))


def _walk(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    yield path, node
    for index, child in enumerate(node.children):
        yield from _walk(child, (*path, index))


def _rank(found: dict[Path, Node], path: Path) -> int:
    """What comes first when there is not room for all."""
    node, of_rollout = found[path], found[()].kind == "Rollout"
    newest = not of_rollout or path[:1] in ((), (0,))
    cases = (
        newest and len(path) <= (2 if of_rollout else 1),
        bool(path) and tone(node.status) == "bad",
        bool(_SERVES.intersection(node.info)),
        newest,
    )
    return next((rank for rank, holds in enumerate(cases) if holds), len(cases))


def _rebuilt(node: Node, path: Path, kept: set[Path]) -> Node:
    children = ((*path, index) for index in range(len(node.children)))
    return replace(node, children=tuple(_rebuilt(node.children[way[-1]], way, kept) for way in children if way in kept))
