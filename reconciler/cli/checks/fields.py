"""Fields of an object against the schema of its kind: unknown ones, wrong types, missing ones. Pure.

A misspelt field is not an error for many tools: it is dropped, and the object does something else than was written. So
each unknown field is reported with the name that was probably meant, or with the place where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.cli.checks.paths import shown
from reconciler.config.fields import nearest
from reconciler.kube import quantity
from reconciler.render.validate import Fault
from reconciler.sandbox.schema.decode import EXPECTED
from reconciler.sandbox.schema.node import ANY, ARRAY, MAP, OBJECT, Node
from reconciler.sandbox.schema.validate import broken_rules
from reconciler.yaml.positions import Path

Above = tuple[tuple[Path, Node], ...]
"""The objects around a value, outermost first."""

_SKIPPED = ("status", "metadata", "apiVersion", "kind")
_FILLED_IN = ("status", "metadata", "strategy", "lastTimestamp")
"""Required by the types, but there by themselves."""
_WANTED = {
    OBJECT: "a mapping",
    MAP: "a mapping",
    ARRAY: "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "int-or-string": "a whole number or text",
    "quantity": "a quantity",
}
_NAMES = {dict: "a mapping", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}


def faults(manifest: dict[str, Any], schema: Node) -> Iterator[Fault]:
    """Everything that does not fit; `status` belongs to the cluster, the parts of every object are checked before."""
    if "spec" not in manifest and "spec" in schema.fields and schema.fields["spec"].required:
        yield Fault(("spec",), "spec is missing")
    yield from _object(manifest, schema, (), ())
    if "metadata" in schema.fields:
        yield from _object(manifest["metadata"], schema.fields["metadata"], ("metadata",), ())


def _value(value: Any, node: Node, path: Path, above: Above) -> Iterator[Fault]:
    if value is None:
        return  # as if it were not written
    if not _fits(value, node.kind):
        yield _wrong_type(value, node.kind, path)
        return
    for cause in broken_rules(value, node, shown(path)):
        yield Fault(path, f"{shown(path)}: {cause.message}")
    if node.kind == "quantity" and not _is_quantity(value):
        yield Fault(path, f"{shown(path)} is {value!r}, which is no quantity", "write for example 500m, 2 or 128Mi")
    if isinstance(value, dict):
        yield from _object(value, node, path, above)
    elif isinstance(value, list):
        yield from _list(value, node, path, above)


def _object(value: dict[str, Any], node: Node, path: Path, above: Above) -> Iterator[Fault]:
    for name in node.required:
        if value.get(name) is None and (path or name not in _FILLED_IN) and name not in _FILLED_IN:
            yield Fault((*path, name), f"{shown((*path, name))} is missing")
    inside = (*above, (path, node)) if node.fields else above
    for name, inner in value.items():
        if not path and name in _SKIPPED:
            continue
        if node.knows(name):
            yield from _value(inner, node.child(name), (*path, name), inside)
        else:
            yield Fault((*path, name), f"unknown field {name!r} in {shown(path)}", _advice(name, inside))


def _list(value: list[Any], node: Node, path: Path, above: Above) -> Iterator[Fault]:
    names = node.keys or ((node.merge_key,) if node.merge_key else ())
    seen: set[str] = set()
    for index, item in enumerate(value):
        if item is None and node.item().kind != ANY:
            yield Fault((*path, index), f"{shown((*path, index))} is empty", "remove it, or write what it is")
        yield from _value(item, node.item(), (*path, index), above)
        key = _key(item, names) if node.list_type == "map" else ""
        if key and key in seen:
            yield Fault((*path, index, names[0]), f"{shown(path)} has {key} twice", "rename or remove one")
        seen.add(key)


def _key(item: Any, names: tuple[str, ...]) -> str:
    """What tells an item of a list from the others; "" where it is not written."""
    if not isinstance(item, dict) or any(name not in item for name in names[:1]):
        return ""
    return ", ".join(f"{name} {item[name]!r}" for name in names if name in item)


def _advice(name: str, around: Above) -> str:
    """The field that was meant: one of this object's, or this very name one object further out or in."""
    own_path, own = around[-1] if around else ((), Node())
    if near := nearest(name, own.fields):
        return f"did you mean {near!r}?"
    for path, node in reversed(around[:-1]):
        if name in node.fields and (path or name not in _SKIPPED):
            return f"it belongs into {shown(path)}: check the indentation"
    for inner, node in own.fields.items():
        if name in node.fields and (own_path or inner not in _SKIPPED):
            return f"it belongs into {shown((*own_path, inner))}: check the indentation"
    return "remove it"


def _is_quantity(value: Any) -> bool:
    try:
        quantity.value(value)
    except ValueError:
        return False
    return True


def _fits(value: Any, kind: str) -> bool:
    types = EXPECTED.get(kind)
    if types is None:
        return True
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, types) and (kind == "boolean" or not isinstance(value, bool))


def _wrong_type(value: Any, kind: str, path: Path) -> Fault:
    what = f"{shown(path)} must be {_WANTED[kind]}, not {_NAMES.get(type(value), 'empty')}"
    return Fault(path, what, _remedy(value, kind))


def _remedy(value: Any, kind: str) -> str:
    if kind == "string" and isinstance(value, bool | int | float):
        return f'write "{str(value).lower() if isinstance(value, bool) else value}"'
    if kind == ARRAY and not isinstance(value, list):
        return "begin each item with '- '"
    if isinstance(value, str) and (value.removeprefix("-").isdecimal() or value in ("true", "false")):
        return "remove the quotes"
    return ""
