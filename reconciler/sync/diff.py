"""The difference of a live object and the one that the server would store (spec gitops §2.1, level 2), field by field.

Both sides are first brought into one shape. List items with a name (containers, ports, variables) are matched by it,
so that an inserted item is one change. Values of Secrets never leave this module: each distinct value of one diff
becomes a mark with a number, which shows equal and unequal without length or content (§2.7).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from reconciler.kube.api import Object
from reconciler.sync.digests import ABSENT
from reconciler.sync.normalise import comparable

ITEM_KEYS = ("name", "containerPort", "port", "mountPath", "ip", "host", "topologyKey")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One differing field. `old` is live, `new` is declared; None where the side has no such field."""

    path: str
    old: Any
    new: Any


@dataclass(slots=True)
class Masker:
    """Marks for secret values; equal values get equal marks within one diff."""

    ordinals: dict[str, int] = field(default_factory=dict)

    def __call__(self, value: Any) -> Any:
        if value is None:
            return None
        number = self.ordinals.setdefault(repr(value), len(self.ordinals) + 1)
        return f"••••{number}"


def difference(
    live: Object | None, predicted: Object, mask: Masker | None = None, *, tracking: bool = False
) -> tuple[FieldChange, ...]:
    """What applying would change. Either side being a Secret is enough for its values to be masked.

    `tracking`: our own label and annotation count as well; people who read a diff do not care for them.
    """
    old, new = comparable(live or {}, tracking=tracking), comparable(predicted, tracking=tracking)
    changes = tuple(compare(old, new))
    if "Secret" in (old.get("kind"), new.get("kind")):
        hide = mask or Masker()
        return tuple(
            FieldChange(c.path, hide_value(hide, c.path, c.old), hide_value(hide, c.path, c.new)) for c in changes
        )
    return changes


def hide_value(hide: Masker, path: str, value: Any) -> Any:
    """Masks what may hold secret text: everything but the object's identity."""
    if path.split(".")[0] in ("apiVersion", "kind", "type", "immutable") or path == "metadata.name":
        return value
    if isinstance(value, dict):
        return {key: hide_value(hide, f"{path}.{key}", item) for key, item in value.items()}
    return hide(value)


def compare(old: Any, new: Any, path: str = "") -> Iterator[FieldChange]:
    """Every leaf in which the two differ, in the order of the paths."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from compare(old.get(key, ABSENT), new.get(key, ABSENT), _join(path, key))
    elif isinstance(old, list) and isinstance(new, list) and (name := _item_key(old, new)):
        yield from _compare_named(old, new, path, name)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):  # for Python, 1 == True
        yield FieldChange(path, None if old is ABSENT else old, None if new is ABSENT else new)


def _compare_named(old: list[Any], new: list[Any], path: str, name: str) -> Iterator[FieldChange]:
    before, after = ({item[name]: item for item in items} for items in (old, new))
    for key in [*before, *(key for key in after if key not in before)]:
        yield from compare(before.get(key, ABSENT), after.get(key, ABSENT), f"{path}[{name}={key}]")


def _item_key(old: list[Any], new: list[Any]) -> str:
    """The field by which items of both lists are told apart, or "" when they have none."""
    items = [*old, *new]
    for name in ITEM_KEYS:
        if all(isinstance(item, dict) and name in item for item in items) and _unique(old, name) and _unique(new, name):
            return name
    return ""


def _unique(items: list[Any], name: str) -> bool:
    values = [repr(item[name]) for item in items]
    return len(values) == len(set(values))


def _join(path: str, key: str) -> str:
    part = f'["{key}"]' if "." in key or "/" in key else key
    return part if not path else f"{path}{part}" if part.startswith("[") else f"{path}.{part}"
