"""JSON merge patches (RFC 7386): what one does to a value, and the one that leads from an object to another."""

from __future__ import annotations

from typing import Any

from reconciler.kube.api import Object


def merged(value: Any, patch: Any) -> Any:
    """`value` with the patch in it; neither is changed, and parts of both are in the answer."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for name, inner in patch.items():
        if inner is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), inner)
    return result


def difference(before: Object, after: Object) -> Object:
    """The patch from one object to the other; empty when nothing changed."""
    patch: Object = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if value == old:
            continue
        nested = isinstance(value, dict) and isinstance(old, dict)
        patch[key] = difference(old, value) if nested and isinstance(old, dict) else value
    return patch
