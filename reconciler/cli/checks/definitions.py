"""The schemas inside CustomResourceDefinitions: whether they can be read, before other objects are checked by them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from reconciler.cli.checks.paths import shown
from reconciler.config.fields import nearest
from reconciler.render.validate import Fault
from reconciler.yaml.positions import Path

_TYPES = ("object", "array", "string", "integer", "number", "boolean")
_BRANCHES = ("allOf", "anyOf", "oneOf")
_NUMBERS = ("minimum", "maximum", "multipleOf")
_SIZES = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")


def faults(definition: dict[str, Any]) -> Iterator[Fault]:
    """Of all versions of a definition whose own fields have the right types."""
    for index, version in enumerate(definition["spec"].get("versions") or ()):
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if schema is not None:
            yield from _schema(schema, ("spec", "versions", index, "schema", "openAPIV3Schema"))


def _schema(schema: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(schema, dict):
        yield Fault(path, f"{shown(path)} must be a schema, a mapping")
        return
    kind = schema.get("type")
    if kind is not None and kind not in _TYPES:
        near = nearest(str(kind), _TYPES)
        fix = f"did you mean {near!r}?" if near else f"write one of {', '.join(_TYPES)}"
        yield Fault((*path, "type"), f"{shown((*path, 'type'))} is {kind!r}, which is no type", fix)
    for name, (holds, wanted) in _KEYWORDS.items():
        if name in schema and not holds(schema[name]):
            yield Fault((*path, name), f"{shown((*path, name))} must be {wanted}")
    for inner, where in _inside(schema, path):
        yield from _schema(inner, where)


def _inside(schema: dict[str, Any], path: Path) -> Iterator[tuple[Any, Path]]:
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        yield inner, (*path, "properties", name)
    for name in ("items", "not"):
        if name in schema:
            yield schema[name], (*path, name)
    if not isinstance(schema.get("additionalProperties", True), bool):
        yield schema["additionalProperties"], (*path, "additionalProperties")
    for name in _BRANCHES:
        branches = schema.get(name)
        for index, inner in enumerate(branches if isinstance(branches, list) else ()):
            yield inner, (*path, name, index)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and re.compile(value) is not None
    except re.error:
        return False


_Rule = tuple[Callable[[Any], bool], str]
_KEYWORDS: dict[str, _Rule] = {
    "properties": (lambda value: isinstance(value, dict), "a mapping of schemas"),
    "required": (_is_names, "a list of field names"),
    "x-kubernetes-list-map-keys": (_is_names, "a list of field names"),
    "enum": (lambda value: isinstance(value, list), "a list of values"),
    "pattern": (_is_pattern, "a regular expression"),
    **dict.fromkeys(_BRANCHES, (lambda value: isinstance(value, list), "a list of schemas")),
    **dict.fromkeys((*_NUMBERS, *_SIZES), (_is_number, "a number")),
}
