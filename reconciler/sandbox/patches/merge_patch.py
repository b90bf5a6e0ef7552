"""JSON merge patch (RFC 7386)."""

from __future__ import annotations

from typing import Any


def patched(value: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for name, inner in patch.items():
        if inner is None:
            result.pop(name, None)
        else:
            result[name] = patched(result.get(name), inner)
    return result
