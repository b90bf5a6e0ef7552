"""Strategic merge patch: lists are merged by the merge keys of the built-in schema.

Source: Kubernetes documentation "Update API Objects in Place Using kubectl patch" and the directives `$patch`,
`$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder`.
"""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.schema.node import Node
from reconciler.sandbox.ssa.merge import interleaved
from reconciler.sandbox.ssa.paths import compact

ORDER = "$setElementOrder/"
DELETE = "$deleteFromPrimitiveList/"


class BadDirective(ValueError):
    """A directive or list item that means nothing."""


def patched(value: Any, patch: Any, node: Node) -> Any:
    """Raises BadDirective for an item without its merge key and for unknown directives."""
    if not isinstance(patch, dict):
        return patch
    directive = patch.get("$patch", "merge")
    if directive in ("replace", "delete"):
        return {} if directive == "delete" else cleaned(patch, node)
    if directive != "merge":
        raise BadDirective(f"unknown $patch directive {directive!r}")
    result = retained(value if isinstance(value, dict) else {}, patch)
    for name, inner in patch.items():
        if not name.startswith("$"):
            merge_field(result, name, inner, node.child(name))
    for name, inner in patch.items():
        follow(result, name, inner, node)
    return result


def retained(value: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    keep = patch.get("$retainKeys")
    return {name: inner for name, inner in value.items() if keep is None or name in keep}


def merge_field(result: dict[str, Any], name: str, inner: Any, node: Node) -> None:
    if inner is None:
        result.pop(name, None)
    elif isinstance(inner, dict):
        result[name] = patched(result.get(name), inner, node)
    elif isinstance(inner, list) and "merge" in node.strategy:
        result[name] = merged_items(result.get(name) or [], inner, node)
    else:
        result[name] = cleaned(inner, node)


def follow(result: dict[str, Any], name: str, inner: Any, node: Node) -> None:
    """The directives that speak of a sibling field."""
    if name.startswith(DELETE) and isinstance(result.get(field := name[len(DELETE) :]), list):
        result[field] = [item for item in result[field] if item not in inner]
    if name.startswith(ORDER) and isinstance(result.get(field := name[len(ORDER) :]), list):
        result[field] = ordered(result[field], inner, node.child(field))


def merged_items(items: list[Any], patch: list[Any], node: Node) -> list[Any]:
    if not node.merge_key:
        return items + [item for item in patch if item not in items]
    if any(item.get("$patch") == "replace" for item in patch):
        return [cleaned(item, node.item()) for item in patch if item.get("$patch") != "replace"]
    found = {item_key(item, node): item for item in items}
    for item in patch:
        key = item_key(item, node)
        if item.get("$patch") == "delete":
            found.pop(key, None)
        else:
            found[key] = patched(found.get(key), item, node.item())
    return list(found.values())


def item_key(item: Any, node: Node) -> str:
    if not isinstance(item, dict) or node.merge_key not in item:
        raise BadDirective(f"map: {item} does not contain declared merge key: {node.merge_key}")
    return compact(item[node.merge_key])


def ordered(items: list[Any], order: list[Any], node: Node) -> list[Any]:
    def key(item: Any) -> str:
        return item_key(item, node) if node.merge_key else compact(item)

    found = {key(item): item for item in items}
    wanted = [key(item) for item in order if key(item) in found]
    return [found[name] for name in interleaved(list(found), wanted)]


def cleaned(value: Any, node: Node) -> Any:
    """A value that is new: without directives and nulls."""
    if isinstance(value, dict):
        kept = {name: inner for name, inner in value.items() if not name.startswith("$") and inner is not None}
        return {name: cleaned(inner, node.child(name)) for name, inner in kept.items()}
    if isinstance(value, list):
        live = [item for item in value if not (isinstance(item, dict) and item.get("$patch") == "delete")]
        return [cleaned(item, node.item()) for item in live]
    return value
