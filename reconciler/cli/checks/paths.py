"""Field paths as people read them (`spec.steps[0].pause`) and as places are looked up (`("spec", "steps", 0, …)`)."""

from __future__ import annotations

import re
from typing import Any

from reconciler.yaml.positions import Path

_PART = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[([^\]]+)\]")


def shown(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the object"


def read(text: str, value: Any) -> Path:
    """The path that a message names, in `value`: keys of maps may hold dots, so what is written there decides."""
    path: list[str | int] = []
    while text:
        part, text = _next(text, value)
        if part == "":
            break
        path.append(part)
        value = _step(value, part)
    return tuple(path)


def _next(text: str, value: Any) -> tuple[str | int, str]:
    if isinstance(value, dict):
        rest = text.removeprefix(".")
        for key in sorted(value, key=len, reverse=True):
            if rest == key or rest.startswith((f"{key}.", f"{key}[")):
                return key, rest[len(key) :]
    found = _PART.match(text)
    if found is None:
        return "", ""
    name, index, key = found.groups()
    return int(index) if index else name or key, text[found.end() :]


def _step(value: Any, part: str | int) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None
