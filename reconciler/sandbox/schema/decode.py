"""Reading an object as its kind: unknown fields are dropped and named, wrong types refused."""

from __future__ import annotations

from typing import Any

from reconciler.kube import quantity
from reconciler.sandbox.schema.node import ANY, ARRAY, MAP, MISSING, OBJECT, Node

# Strings for which "" says something else than absence: pointers in the real server's types.
MEANINGFUL_EMPTY = frozenset({"storageClassName", "ingressClassName", "holderIdentity", "appProtocol", "policyName"})
JSON_NAMES = {str: "string", bool: "bool", int: "number", float: "number", dict: "object", list: "array"}
GO_TYPES = {"integer": "int32", "boolean": "bool", "string": "string", "number": "float64"}
EXPECTED: dict[str, tuple[type, ...]] = {
    OBJECT: (dict,),
    MAP: (dict,),
    ARRAY: (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "int-or-string": (int, str),
    "quantity": (int, float, str),
}


class WrongType(ValueError):
    """A value of a built-in kind has a type that cannot be read."""


def decoded(value: Any, node: Node, path: str, unknown: list[str]) -> Any:
    """A built-in object as the real server would store it; names of unknown fields are added to `unknown`.

    Nulls, empty maps and empty lists are left out, as the real types do. Raises WrongType.
    """
    if node.kind == ANY:
        return value
    check_type(value, node, path)
    if node.kind == OBJECT:
        return decoded_struct(value, node, path, unknown)
    if node.kind == MAP:
        inner = node.child("")
        return {
            name: decoded(item, inner, f"{path}.{name}", unknown) for name, item in value.items() if item is not None
        }
    if node.kind == ARRAY:
        return [decoded(item, node.item(), f"{path}[{index}]", unknown) for index, item in enumerate(value)]
    return stored_quantity(value) if node.kind == "quantity" else value


def stored_quantity(value: Any) -> Any:
    """In canonical spelling; what is no quantity is left for validation to name."""
    try:
        return quantity.canonical(value)
    except ValueError:
        return value


def decoded_struct(value: dict[str, Any], node: Node, path: str, unknown: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        if name not in node.fields:
            unknown.append(here)
        elif inner is not None:
            child = node.fields[name]
            read = decoded(inner, child, here, unknown)
            if not left_out(name, read, child):
                found[name] = read
    return found


def left_out(name: str, value: Any, node: Node) -> bool:
    if value == "":
        return name not in MEANINGFUL_EMPTY
    return value in ({}, []) and node.kind in (MAP, ARRAY)


def check_type(value: Any, node: Node, path: str) -> None:
    types = EXPECTED[node.kind]
    if isinstance(value, types) and (node.kind == "boolean" or not isinstance(value, bool)):
        return
    found = JSON_NAMES.get(type(value), "null")
    raise WrongType(
        f"json: cannot unmarshal {found} into Go struct field {path} of type {GO_TYPES.get(node.kind, node.kind)}"
    )


def pruned(value: Any, node: Node, path: str, unknown: list[str]) -> Any:
    """A custom object without the fields that its structural schema does not have, and without forbidden nulls."""
    if isinstance(value, dict):
        return pruned_map(value, node, path, unknown)
    if isinstance(value, list):
        return [pruned(item, node.item(), f"{path}[{index}]", unknown) for index, item in enumerate(value)]
    return value


def pruned_map(value: dict[str, Any], node: Node, path: str, unknown: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    keeps = node.preserve or node.values is not None
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        if inner is None and name in node.fields and not node.fields[name].nullable:
            continue
        if name in node.fields or keeps:
            found[name] = pruned(inner, node.child(name), here, unknown)
        else:
            unknown.append(here)
    return found


def with_defaults(value: Any, node: Node) -> Any:
    """Defaults of a structural schema filled in."""
    if isinstance(value, dict):
        return map_with_defaults(value, node)
    if isinstance(value, list) and node.items:
        return [with_defaults(item, node.items) for item in value]
    return value


def map_with_defaults(value: dict[str, Any], node: Node) -> dict[str, Any]:
    found = dict(value)
    for name, child in node.fields.items():
        if child.default is not MISSING and name not in found:
            found[name] = child.default
    return {name: with_defaults(inner, node.child(name)) for name, inner in found.items()}
