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
_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "bool": (bool,),
    "int32": (int,),
    "int64": (int,),
    "IntOrString": (int, str),
}
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class Misfit(ValueError):
    """A value that the field's type does not allow; `path` leads to it, e.g. `spec.containers[0].image`."""

    def __init__(self, why: str, path: str = "") -> None:
        super().__init__(f"{path}: {why}" if path else why)
        self.why, self.path = why, path

    def within(self, outer: str) -> Misfit:
        """The same, seen from the value that holds it."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return Misfit(self.why, f"{outer}{joint}{self.path}")


@cache
def _structs() -> dict[str, list[Field]]:
    """Every struct by name, from the data files beside this module."""
    folder = resources.files(__package__)
    files = [json.loads(folder.joinpath(f"{name}_fields.json").read_text()) for name in ("template", "step")]
    return {name: [(f[0], f[1], f[2]) for f in fields] for file in files for name, fields in file.items()}


def encode_template(template: dict[str, Any]) -> str:
    """Compact JSON of a PodTemplateSpec without unknown fields. Raises `Misfit`."""
    return encode(typed(template, "PodTemplateSpec"))


def encode_steps(steps: list[dict[str, Any]] | None) -> str:
    """Compact JSON of `spec.strategy.canary.steps`; `null` when there are none. Raises `Misfit`."""
    return encode(typed(steps or None, "[]CanaryStep"))


def encode(value: Any) -> str:
    """Compact JSON with Go's escaping of `<`, `>`, `&` and the two Unicode line separators."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text


def typed(value: Any, kind: str) -> Any:
    """`value` as a Go value of type `kind` would be encoded: ordered, filtered, zero values filled in.

    Raises `Misfit` for what that type could not hold.
    """
    if kind.startswith("*"):
        return typed(value, kind[1:])
    if kind.startswith("[]"):
        return None if value is None else _list(value, kind[2:])
    if kind.startswith("map[string]"):
        return None if value is None else _map(value, kind[11:])
    if kind in _structs():
        return _struct({} if value is None else value, kind)
    if kind == "Quantity":
        return _quantity("0" if value is None else value)
    return _ZERO.get(kind) if value is None else _scalar(value, kind)


def _list(value: Any, kind: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise Misfit("must be a list")
    made = []
    for index, item in enumerate(value):
        try:
            if item is None and kind in _structs():
                raise Misfit("must be an object")
            made.append(typed(item, kind))
        except Misfit as error:
            raise error.within(f"[{index}]") from None
    return made


def _map(value: Any, kind: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Misfit("must be an object")
    return {key: _member(value[key], kind, key) for key in sorted(value)}


def _struct(value: Any, kind: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Misfit("must be an object")
    return {
        name: _member(value.get(name), type_, name)
        for name, type_, omit in _structs()[kind]
        if _emitted(value.get(name), type_, omit)
    }


def _member(value: Any, kind: str, name: str) -> Any:
    try:
        return typed(value, kind)
    except Misfit as error:
        raise error.within(name) from None


def _quantity(value: Any) -> str:
    try:
        return quantity.canonical(value)
    except ValueError as error:
        raise Misfit(str(error)) from None


def _scalar(value: Any, kind: str) -> Any:
    allowed = _SCALARS.get(kind)
    if allowed and type(value) not in allowed:
        raise Misfit(f"must be of type {kind}")
    return value


def _emitted(value: Any, kind: str, omit: int) -> bool:
    if not omit:
        return True
    if kind.startswith("*"):
        return value is not None
    if kind in _structs() or kind in ("Quantity", "IntOrString"):
        return True  # omitempty never leaves out a struct, and these two are structs
    return bool(value)
