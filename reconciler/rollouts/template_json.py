"""Pod templates and canary steps in the exact JSON that the Kubernetes libraries for Go would write.

The pod-template hash is taken over that text, so field order, omitted zero values, canonical quantities and escaping
all matter: one byte off, and adopting an existing installation would restart every pod. The order of fields is data
(`*_fields.json`: per struct `[name, type, omitempty]`), checked by vectors in the tests (spec rollouts §2.1).
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from reconciler.kube import quantity

Field = tuple[str, str, int]

_ZERO: dict[str, Any] = {"string": "", "bool": False, "int32": 0, "int64": 0, "IntOrString": 0, "Quantity": "0"}
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@cache
def _structs() -> dict[str, list[Field]]:
    """Every struct by name, from the data files beside this module."""
    folder = resources.files(__package__)
    files = [json.loads(folder.joinpath(f"{name}_fields.json").read_text()) for name in ("template", "step")]
    return {name: [(f[0], f[1], f[2]) for f in fields] for file in files for name, fields in file.items()}


def encode_template(template: dict[str, Any]) -> str:
    """Compact JSON of a PodTemplateSpec without unknown fields. Raises ValueError on bad quantities."""
    return encode(typed(template, "PodTemplateSpec"))


def encode_steps(steps: list[dict[str, Any]] | None) -> str:
    """Compact JSON of `spec.strategy.canary.steps`; `null` when there are none."""
    return encode(typed(steps or None, "[]CanaryStep"))


def encode(value: Any) -> str:
    """Compact JSON with Go's escaping of `<`, `>`, `&` and the two Unicode line separators."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text


def typed(value: Any, kind: str) -> Any:
    """`value` as a Go value of type `kind` would be encoded: ordered, filtered, zero values filled in."""
    if kind.startswith("*"):
        return typed(value, kind[1:])
    if kind.startswith("[]"):
        return None if value is None else [typed(item, kind[2:]) for item in value]
    if kind.startswith("map[string]"):
        return None if value is None else {key: typed(value[key], kind[11:]) for key in sorted(value)}
    if kind in _structs():
        return _struct(value or {}, kind)
    if kind == "Quantity":
        return quantity.canonical(value if value is not None else "0")
    return _ZERO.get(kind) if value is None else value


def _struct(value: dict[str, Any], kind: str) -> dict[str, Any]:
    fields = _structs()[kind]
    return {
        name: typed(value.get(name), type_) for name, type_, omit in fields if _emitted(value.get(name), type_, omit)
    }


def _emitted(value: Any, kind: str, omit: int) -> bool:
    if not omit:
        return True
    if kind.startswith("*"):
        return value is not None
    if kind in _structs() or kind in ("Quantity", "IntOrString"):
        return True  # omitempty never leaves out a struct, and these two are structs
    return bool(value)
