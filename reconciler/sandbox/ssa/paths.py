"""Path elements, their order-free keys, and how people read them."""

from __future__ import annotations

import json
from typing import Any

from reconciler.sandbox.schema.node import MISSING, Node

Path = tuple[str, ...]
Fields = frozenset[Path]
NOTHING: Fields = frozenset()


class Untypable(ValueError):
    """A value does not fit its schema, so that its fields cannot be told apart."""


def named(name: str) -> str:
    return "f:" + name


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def item_element(item: Any, node: Node) -> str:
    """The element of an item of a granular list: its key fields (map) or its value (set).

    Raises Untypable when an item of an associative list is no object.
    """
    if node.list_type == "set":
        return "v:" + compact(item)
    if not isinstance(item, dict):
        raise Untypable("associative list with keys may only have objects as items")
    return "k:" + compact({key: key_value(item, key, node) for key in sorted(node.keys)})


def key_value(item: dict[str, Any], key: str, node: Node) -> Any:
    if key in item:
        return item[key]
    default = node.item().child(key).default
    return None if default is MISSING else default


def shown(path: Path) -> str:
    """`.spec.containers[name="x"].image`: how conflict messages name a field."""
    return "".join(shown_element(element) for element in path)


def shown_element(element: str) -> str:
    kind, text = element[:2], element[2:]
    if kind == "f:":
        return "." + text
    if kind == "k:":
        keys = json.loads(text)
        return "[" + ",".join(f"{key}={compact(value)}" for key, value in keys.items()) + "]"
    return f"[={text}]"
