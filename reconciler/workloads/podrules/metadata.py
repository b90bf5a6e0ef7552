"""Labels and annotations of pods, and selectors over labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.workloads.field_errors import forbidden, invalid, required, unsupported
from reconciler.workloads.parts import Json
from reconciler.workloads.podrules import names

_MOST_ANNOTATIONS = 256 * 1024
"""Bytes of all keys and values together."""
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def problems(metadata: Json, path: str) -> Iterator[str]:
    yield from labels(metadata.get("labels") or {}, f"{path}.labels")
    yield from noted(metadata.get("annotations") or {}, f"{path}.annotations")


def labels(entries: Mapping[str, str], path: str) -> Iterator[str]:
    for key, value in entries.items():
        if why := names.qualified(key):
            yield invalid(path, key, f"the key {why}")
        if why := names.label_value(value):
            yield invalid(path, value, f"the value of {key} {why}")


def noted(entries: Mapping[str, str], path: str) -> Iterator[str]:
    for key in entries:
        if why := names.qualified(key.lower()):
            yield invalid(path, key, f"the key {why}")
    size = sum(len(key.encode()) + len(value.encode()) for key, value in entries.items())
    if size > _MOST_ANNOTATIONS:
        yield f"{path}: Too long: may not be more than {_MOST_ANNOTATIONS} bytes"


def selector(chosen: Json, path: str) -> Iterator[str]:
    """Of a `{matchLabels, matchExpressions}`."""
    yield from labels(chosen.get("matchLabels") or {}, f"{path}.matchLabels")
    for index, expression in enumerate(chosen.get("matchExpressions") or ()):
        yield from _expression(expression, f"{path}.matchExpressions[{index}]")


def _expression(expression: Json, path: str) -> Iterator[str]:
    operator, values = expression.get("operator") or "", expression.get("values") or ()
    if operator not in _OPERATORS:
        yield unsupported(f"{path}.operator", operator, _OPERATORS)
    elif operator in ("In", "NotIn") and not values:
        yield required(f"{path}.values", f"operator {operator} compares with at least one")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield forbidden(f"{path}.values", f"operator {operator} compares with none")
    key = expression.get("key") or ""
    if why := names.qualified(key):
        yield invalid(f"{path}.key", key, why)
    for index, value in enumerate(values):
        yield from names.check(names.label_value, value, f"{path}.values[{index}]")
