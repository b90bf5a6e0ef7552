"""Merging an applied configuration into the live object, and taking fields away from it."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.schema.node import ARRAY, Node
from reconciler.sandbox.ssa.paths import Fields, Path, Untypable, item_element, named, shown_element


def merged(live: Any, applied: Any, node: Node) -> Any:
    """`applied` wins where it says something; granular maps and lists are merged, all else is replaced."""
    if isinstance(live, dict) and isinstance(applied, dict) and not node.atomic:
        return merged_map(live, applied, node)
    if isinstance(live, list) and isinstance(applied, list) and node.granular_list:
        return merged_list(live, applied, node)
    return applied


def merged_map(live: dict[str, Any], applied: dict[str, Any], node: Node) -> dict[str, Any]:
    result = dict(live)
    for name, value in applied.items():
        result[name] = merged(live[name], value, node.child(name)) if name in live else value
    return result


def merged_list(live: list[Any], applied: list[Any], node: Node) -> list[Any]:
    """Items of both; applied items keep their order, live items that nobody named stay before their followers."""
    old = keyed(live, node)
    new = keyed(applied, node)
    both = {key: merged(old[key], item, node.item()) if key in old else item for key, item in new.items()}
    return [both.get(key, old.get(key)) for key in interleaved(list(old), list(new))]


def keyed(items: list[Any], node: Node) -> dict[str, Any]:
    return {item_element(item, node): item for item in items}


def interleaved(old: list[str], new: list[str]) -> list[str]:
    """The order of a merged list: `new` as it is; each old-only key is put where it is met while walking both.

    An old key that the new list holds too is passed over unless it is the next of the shared ones, in the new order.
    """
    in_old, in_new = set(old), set(new)
    shared = [key for key in new if key in in_old]
    result: list[str] = []
    at_old = at_new = at_shared = 0
    while at_old < len(old) or at_new < len(new):
        if at_old < len(old):
            key = old[at_old]
            if key not in in_new:
                result.append(key)
                at_old += 1
                continue
            if at_shared >= len(shared) or key != shared[at_shared] or at_new >= len(new):
                at_old += 1
                continue
        key = new[at_new]
        result.append(key)
        at_new += 1
        if at_shared < len(shared) and key == shared[at_shared]:
            at_shared += 1
            at_old += at_old < len(old) and old[at_old] == key
    return result


def without(value: Any, fields: Fields, node: Node) -> Any:
    """`value` without these fields. A map that becomes empty stays; a list becomes None, which its parent drops."""
    if not fields:
        return value
    if isinstance(value, dict) and not node.atomic:
        return map_without(value, fields, node)
    if isinstance(value, list) and node.granular_list:
        return list_without(value, fields, node)
    return value


def below(fields: Fields, element: str) -> Fields:
    return frozenset(path[1:] for path in fields if path[0] == element and len(path) > 1)


def map_without(value: dict[str, Any], fields: Fields, node: Node) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        element = named(name)
        if (element,) in fields:
            continue
        rest = without(inner, below(fields, element), node.child(name))
        if rest is not None or inner is None:
            kept[name] = rest
    return kept


def list_without(value: list[Any], fields: Fields, node: Node) -> list[Any] | None:
    kept: list[Any] = []
    for item in value:
        element = item_element(item, node)
        if (element,) not in fields:
            kept.append(without(item, below(fields, element), node.item()))
    return kept or None


def check(value: Any, node: Node, path: Path = ()) -> list[str]:
    """Why a configuration does not fit the schema: unknown fields, wrong types, repeated keys."""
    if value is None:
        return []
    if isinstance(value, dict) and node.kind in ("object", "map", "any"):
        return [problem for name, inner in value.items() for problem in check_field(name, inner, node, path)]
    if isinstance(value, list) and node.kind in (ARRAY, "any"):
        return check_list(value, node, path)
    problem = mismatch(value, node.kind)
    return [f"{place(path)}: {problem}"] if problem else []


def check_field(name: str, value: Any, node: Node, path: Path) -> list[str]:
    here = (*path, named(name))
    if not node.knows(name):
        return [f"{place(here)}: field not declared in schema"]
    return check(value, node.child(name), here)


def check_list(value: list[Any], node: Node, path: Path) -> list[str]:
    problems: list[str] = []
    seen: set[str] = set()
    for index, item in enumerate(value):
        try:
            element = item_element(item, node) if node.granular_list else f"i:{index}"
        except Untypable as wrong:
            problems.append(f"{place(path)}: {wrong}")
            continue
        if element in seen:
            problems.append(f"{place(path)}: duplicate entries for key {shown_element(element)}")
        seen.add(element)
        problems += check(item, node.item(), (*path, element))
    return problems


EXPECTED = {
    "object": ((dict,), "map"),
    "map": ((dict,), "map"),
    "array": ((list,), "list"),
    "string": ((str,), "string"),
    "integer": ((int, float), "numeric (int or float)"),
    "number": ((int, float), "numeric (int or float)"),
    "boolean": ((bool,), "boolean"),
}


def mismatch(value: Any, kind: str) -> str:
    types, wanted = EXPECTED.get(kind, ((object,), ""))
    fits = isinstance(value, types) and (kind == "boolean" or not isinstance(value, bool) or not wanted)
    return "" if fits else f"expected {wanted}, got {go_name(value)}"


def go_name(value: Any) -> str:
    names = {bool: "boolean", int: "int", float: "float", str: "string", dict: "map", list: "list"}
    return names.get(type(value), "unknown")


def place(path: Path) -> str:
    return "".join(f"[{element[2:]}]" if element.startswith("i:") else shown_element(element) for element in path)
