"""`kind: List` and its typed forms are expanded in place, at most three deep (spec gitops §1.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.errors import UserError
from reconciler.yaml.positions import Path

MAX_DEPTH = 3


def is_list(value: Any) -> bool:
    """A kind that merely ends in "List" but has no items (some CRDs do) is an ordinary object."""
    return (
        isinstance(value, dict)
        and isinstance(kind := value.get("kind"), str)
        and kind.endswith("List")
        and isinstance(value.get("items", ""), list | None)
    )


def expand(value: Any, path: Path = (), depth: int = 0) -> Iterator[tuple[Any, Path]]:
    """The objects of a document with their paths in it. Raises `UserError` for lists nested too deep."""
    if not is_list(value):
        yield value, path
        return
    if depth >= MAX_DEPTH:
        raise UserError(f"lists are nested deeper than {MAX_DEPTH}")
    for index, item in enumerate(value["items"] or ()):
        yield from expand(_typed(value, item), (*path, "items", index), depth + 1)


def _typed(parent: dict[str, Any], item: Any) -> Any:
    """An item of a `ConfigMapList` may leave its type to the list; one of a plain `List` may not."""
    kind = parent["kind"].removesuffix("List")
    if not kind or not isinstance(item, dict) or ("kind" in item and "apiVersion" in item):
        return item
    return {"apiVersion": parent.get("apiVersion"), "kind": kind, **item}
