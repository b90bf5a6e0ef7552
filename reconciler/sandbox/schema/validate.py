"""Values of custom resources against their structural schema; wording as the real server's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from reconciler.sandbox.problems import Cause, invalid_value, not_supported, required, type_invalid
from reconciler.sandbox.schema.node import MISSING, Node
from reconciler.sandbox.ssa.paths import Untypable, item_element

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "map": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "int-or-string": (int, str),
}


def violations(value: Any, node: Node, path: str = "") -> Iterator[Cause]:
    """Every way in which the value breaks its schema."""
    if value is None and node.nullable:
        return
    if not right_type(value, node.kind):
        name = type_name(value)
        shown = json.dumps(value) if isinstance(value, str | int | float | bool) else f'"{name}"'
        wanted = "integer,string" if node.kind == "int-or-string" else node.kind.replace("map", "object")
        yield type_invalid(path, shown, f'{path} in body must be of type {wanted}: "{name}"')
        return
    yield from broken_rules(value, node, path)
    if isinstance(value, dict):
        yield from map_violations(value, node, path)
    elif isinstance(value, list):
        yield from list_violations(value, node, path)


def right_type(value: Any, kind: str) -> bool:
    types = TYPES.get(kind)
    if types is None:
        return True
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, types) and (kind == "boolean" or not isinstance(value, bool))


def type_name(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object", list: "array"}
    return names.get(type(value), "null")


def map_violations(value: dict[str, Any], node: Node, path: str) -> Iterator[Cause]:
    for name in node.required:
        if name not in value:
            yield required(join(path, name))
    for name, inner in value.items():
        if path or name not in ("apiVersion", "kind", "metadata"):
            yield from violations(inner, node.child(name), join(path, name))


def list_violations(value: list[Any], node: Node, path: str) -> Iterator[Cause]:
    for index, item in enumerate(value):
        yield from violations(item, node.item(), f"{path}[{index}]")
    if node.granular_list:
        yield from repeated(value, node, path)


def repeated(value: list[Any], node: Node, path: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, item in enumerate(value):
        try:
            element = item_element(item, node)
        except Untypable:
            continue
        if element in seen:
            yield Cause("FieldValueDuplicate", f"Duplicate value: {element[2:]}", f"{path}[{index}]")
        seen.add(element)


def join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def broken_rules(value: Any, node: Node, path: str) -> Iterator[Cause]:
    for keyword, limit in node.rules.items():
        if keyword == "enum" and value not in limit:
            yield not_supported(path, json.dumps(value), [str(choice) for choice in limit])
        elif keyword in ("minimum", "maximum"):
            yield from out_of_range(value, keyword, limit, node.rules, path)
        elif (rule := LIMITS.get(keyword)) and rule.breaks(value, limit):
            yield rule.cause(path, value, limit)
        elif keyword in ("allOf", "anyOf", "oneOf", "not"):
            yield from broken_logic(value, keyword, limit, path)


def out_of_range(value: Any, keyword: str, limit: float, rules: dict[str, Any], path: str) -> Iterator[Cause]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    low = keyword == "minimum"
    exclusive = bool(rules.get("exclusiveMinimum" if low else "exclusiveMaximum"))
    beyond = value < limit if low else value > limit
    if beyond or (exclusive and value == limit):
        words = ("greater" if low else "less") + " than " + ("" if exclusive else "or equal to ")
        yield invalid_value(path, json.dumps(value), f"{path} in body should be {words}{limit}")


class Limit:
    """A keyword that bounds a size or a shape."""

    def __init__(self, breaks: Callable[[Any, Any], bool], words: str, kind: str = "FieldValueInvalid") -> None:
        self.breaks = breaks
        self.words = words
        self.kind = kind

    def cause(self, path: str, value: Any, limit: Any) -> Cause:
        return Cause(self.kind, f"Invalid value: {json.dumps(value)}: {path} in body {self.words.format(limit)}", path)


def text_matches(value: Any, pattern: Any) -> bool:
    return not isinstance(value, str) or re.search(pattern, value) is not None


LIMITS = {
    "minLength": Limit(lambda v, n: isinstance(v, str) and len(v) < n, "should be at least {} chars long"),
    "maxLength": Limit(
        lambda v, n: isinstance(v, str) and len(v) > n, "may not be more than {} bytes", "FieldValueTooLong"
    ),
    "pattern": Limit(lambda v, p: not text_matches(v, p), "should match '{}'"),
    "minItems": Limit(lambda v, n: isinstance(v, list) and len(v) < n, "should have at least {} items"),
    "maxItems": Limit(
        lambda v, n: isinstance(v, list) and len(v) > n, "must have at most {} items", "FieldValueTooMany"
    ),
    "minProperties": Limit(lambda v, n: isinstance(v, dict) and len(v) < n, "should have at least {} properties"),
    "maxProperties": Limit(
        lambda v, n: isinstance(v, dict) and len(v) > n, "must have at most {} properties", "FieldValueTooMany"
    ),
    "multipleOf": Limit(lambda v, n: isinstance(v, int | float) and v % n != 0, "should be a multiple of {}"),
}


def broken_logic(value: Any, keyword: str, limit: Any, path: str) -> Iterator[Cause]:
    holds = [fits(value, branch) for branch in (limit if isinstance(limit, list) else [limit])]
    good = {"allOf": all(holds), "anyOf": any(holds), "oneOf": sum(holds) == 1, "not": not any(holds)}[keyword]
    if not good:
        yield invalid_value(path, json.dumps(value), f"{path} in body must validate {keyword} of its schemas")


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """A branch of allOf, anyOf, oneOf or not: value validations only, as structural schemas demand."""
    from reconciler.sandbox.schema.structural import from_schema

    node = from_schema(schema)
    if "default" in schema:
        node.default = MISSING
    return next(violations(value, node, "value"), None) is None
