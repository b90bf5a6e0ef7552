"""Sets of fields: of a value, of the difference of two values, and in the wire format `fieldsV1`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from reconciler.sandbox.schema.node import ARRAY, MISSING, Node
from reconciler.sandbox.ssa.paths import NOTHING, Fields, Path, item_element, named


class Change(NamedTuple):
    added: Fields
    modified: Fields
    removed: Fields


def is_granular_map(value: Any, node: Node) -> bool:
    return isinstance(value, dict) and not node.atomic


def is_granular_list(value: Any, node: Node) -> bool:
    return isinstance(value, list) and node.granular_list


def fields_of(value: Any, node: Node) -> Fields:
    """Every field that an applied configuration states."""
    found: set[Path] = set()
    collect(value, node, (), found)
    return frozenset(found)


def collect(value: Any, node: Node, path: Path, found: set[Path]) -> None:
    if is_granular_map(value, node):
        for name, inner in value.items():
            below = (*path, named(name))
            collect(inner, node.child(name), below, found)
            if inner is None or inner == {} or name not in node.fields:
                found.add(below)
    elif is_granular_list(value, node):
        for item in value:
            below = (*path, item_element(item, node))
            collect(item, node.item(), below, found)
            found.add(below)
    else:
        found.add(path)


def members(value: Any, node: Node) -> dict[str, tuple[Any, Node]]:
    """What is directly inside a granular map or list, by path element; empty for leaves."""
    if is_granular_map(value, node):
        return {named(name): (inner, node.child(name)) for name, inner in value.items()}
    if is_granular_list(value, node):
        return {item_element(item, node): (item, node.item()) for item in value}
    return {}


def changes(old: Any, new: Any, node: Node) -> Change:
    """What an update did, field by field. Containers count as fields of whoever makes them."""
    found: tuple[set[Path], set[Path], set[Path]] = (set(), set(), set())
    compare(old, new, node, (), found)
    added, modified, removed = found
    return Change(frozenset(added), frozenset(modified), frozenset(removed))


def compare(old: Any, new: Any, node: Node, path: Path, found: tuple[set[Path], set[Path], set[Path]]) -> None:
    if old is new:
        return
    before, after = members(old, node), members(new, node)
    if not before and not after:
        compare_leaf(old, new, path, found)
        return
    if path:
        compare_container(old, new, path, found)
    for element in before.keys() | after.keys():
        inner_old, child = before.get(element, (MISSING, node))
        inner_new, child = after.get(element, (MISSING, child))
        if child.inline:
            inner_old, inner_new = present(inner_old, old, child), present(inner_new, new, child)
        compare(inner_old, inner_new, child, (*path, element), found)


def present(value: Any, parent: Any, node: Node) -> Any:
    """An inline field exists, if empty, as soon as its parent does."""
    if value is not MISSING or parent is MISSING:
        return value
    return [] if node.kind == ARRAY else {}


def compare_container(old: Any, new: Any, path: Path, found: tuple[set[Path], set[Path], set[Path]]) -> None:
    added, modified, removed = found
    if old is MISSING:
        added.add(path)
    elif new is MISSING:
        removed.add(path)
    elif type(old) is not type(new):
        modified.add(path)


def compare_leaf(old: Any, new: Any, path: Path, found: tuple[set[Path], set[Path], set[Path]]) -> None:
    added, modified, removed = found
    if old is MISSING:
        added.add(path)
    elif new is MISSING:
        removed.add(path)
    elif old != new:
        modified.add(path)


def encode(fields: Fields) -> dict[str, Any]:
    """fieldsV1: a tree in which `.` says that a node with children is itself a member."""
    root: dict[str, Any] = {}
    for path in sorted(fields):
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return without_lonely_dots(root)


def without_lonely_dots(node: dict[str, Any]) -> dict[str, Any]:
    if node.keys() == {"."}:
        return {}
    return {element: below if element == "." else without_lonely_dots(below) for element, below in node.items()}


def decode(tree: dict[str, Any]) -> Fields:
    return frozenset(paths_in(tree, ()))


def paths_in(tree: dict[str, Any], path: Path) -> Iterator[Path]:
    for element, below in tree.items():
        if element == ".":
            yield path
            continue
        if not below:
            yield (*path, element)
        else:
            yield from paths_in(below, (*path, element))


def without_below(fields: Fields, tops: Iterable[Path]) -> Fields:
    """`fields` without these paths and everything under them."""
    cut = tuple(tops)
    return frozenset(path for path in fields if not any(path[: len(top)] == top for top in cut)) if cut else fields


def with_named_parents(fields: Fields, node: Node) -> Fields:
    """Add the struct fields on the way to every path: whoever owns something in a struct has a say in the struct."""
    found = set(fields)
    for path in fields:
        add_parents(path, node, found)
    return frozenset(found) or NOTHING


def add_parents(path: Path, node: Node, found: set[Path]) -> None:
    for depth, element in enumerate(path[:-1], 1):
        name = element[2:] if element.startswith("f:") else ""
        if name in node.fields:
            found.add(path[:depth])
        node = node.child(name) if element.startswith("f:") else node.item()
