"""Digests that tell without a request whether an object is still as we applied it (spec gitops §2.2, level 1).

`own_fields_digest` hashes the live values at exactly the paths that our manager owns, and the paths themselves. It is
recorded right after each apply; as long as later versions of the object give the same digest, nobody has touched what
git declares, whatever else changed. Digests are 128 bits in hex, to keep an inventory small.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import orjson

from reconciler.kube.api import SYNC_MANAGER, Object
from reconciler.workloads import keys

Fields = dict[str, Any]
"""A managedFields tree (`fieldsV1`): `f:` map keys, `k:` list items by key, `v:` set members, `.` the item itself."""

ENGINE_LISTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "TraefikService": (("spec", "weighted", "services"), ("spec", "mirroring", "mirrors")),
}
"""Atomic lists in which the rollouts engine sets weights (§3.14): a weight is not drift, everything beside it is."""

ENGINE_KEYS: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "Service": ((("spec", "selector"), "rollouts-pod-template-hash"),),
}
"""Keys that the rollouts engine puts into maps which server-side apply treats as one value, so that the owner of the
whole map changes with each of its writes."""

ABSENT = object()


def digest(value: object) -> str:
    """A digest of any JSON value; the order of map keys does not matter."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def own_fields_digest(obj: Object, manager: str = SYNC_MANAGER) -> str:
    """Digest of what `manager` owns by server-side apply in a live object; "" when it owns nothing."""
    fields = owned_fields(obj, manager)
    if fields is None:
        return ""
    lists, maps = ENGINE_LISTS.get(obj.get("kind", ""), ()), ENGINE_KEYS.get(obj.get("kind", ""), ())
    shared = (*lists, *(path for path, _ in maps))
    owned = [[path, value] for path, value in values_at(obj, fields) if not _overlaps(path, shared)]
    rest = [without_weights(without_guests(obj, at(obj, path))) for path in lists] + [
        without_key(at(obj, path), key) for path, key in maps
    ]
    return digest([sorted(owned, key=lambda pair: str(pair[0])), rest])


def _overlaps(path: str, shared: tuple[tuple[str, ...], ...]) -> bool:
    """Whether a leaf is a shared value, lies in one, or holds one: who loses a list still owns the map around it."""
    parts = path.removesuffix("/.").split("/")
    wanted = [[f"f:{part}" for part in whole] for whole in shared]
    return any(parts[: len(whole)] == whole[: len(parts)] for whole in wanted)


def owned_fields(obj: Object, manager: str) -> Fields | None:
    """The fields that `manager` applied (not those of a subresource), or None."""
    for entry in obj.get("metadata", {}).get("managedFields") or []:
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource"):
            return entry.get("fieldsV1") or {}
    return None


def values_at(value: Any, fields: Fields, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of `fields` with its path and live value; None where the value is gone."""
    for key, below in fields.items():
        if key == ".":
            yield f"{path}/.", value is not None
            continue
        found = child(value, key)
        here = f"{path}/{key}" if path else key
        if below:
            yield from values_at(None if found is ABSENT else found, below, here)
        else:
            yield here, None if found is ABSENT else found


def child(value: Any, key: str) -> Any:
    """What one step of a managedFields path leads to, or `ABSENT`."""
    kind, _, text = key.partition(":")
    if kind == "f":
        return value.get(text, ABSENT) if isinstance(value, dict) else ABSENT
    if not isinstance(value, list):
        return ABSENT
    wanted = orjson.loads(text)
    if kind == "v":
        return wanted if wanted in value else ABSENT
    if kind == "i":
        return value[wanted] if wanted < len(value) else ABSENT
    return next((item for item in value if has_keys(item, wanted)), ABSENT)


def has_keys(item: Any, keys: dict[str, Any]) -> bool:
    """Whether a list item is the one that these merge keys name."""
    return isinstance(item, dict) and all(item.get(name) == value for name, value in keys.items())


def at(obj: Object, path: tuple[str, ...]) -> Any:
    """The value at a path of map keys, or None."""
    value: Any = obj
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def without_key(value: Any, key: str) -> Any:
    """A map without one of its keys."""
    return {name: inner for name, inner in value.items() if name != key} if isinstance(value, dict) else value


def guests(obj: Object) -> frozenset[str]:
    """Names of the backends that the rollouts engine put into an object's list for as long as an experiment runs."""
    named = (obj.get("metadata", {}).get("annotations") or {}).get(keys.EXPERIMENT_SERVICES) or ""
    return frozenset(filter(None, named.split(",")))


def without_guests(obj: Object, items: Any) -> Any:
    """A list of backends as it is without any experiment."""
    names = guests(obj)
    return [item for item in items if not _is_named(item, names)] if names and isinstance(items, list) else items


def _is_named(item: Any, names: frozenset[str]) -> bool:
    return isinstance(item, dict) and item.get("name") in names


def without_weights(items: Any) -> Any:
    """A list of weighted backends with the engine's numbers left out."""
    if not isinstance(items, list):
        return items
    return [
        {key: value for key, value in item.items() if key not in ("weight", "percent")}
        if isinstance(item, dict)
        else item
        for item in items
    ]
