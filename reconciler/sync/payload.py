"""What is sent for one object, given the live one (spec gitops §2.4, §3.5, §3.14). Pure.

A field that belongs to somebody else is left out, so that its ownership goes with it; it is never copied from the live
object, which would make us its owner. The exception are values that can only be written whole and of which the
rollouts engine owns a part: weights in the lists of traffic routers, and the version's hash in a Service's selector.
They go into the payload as they are live, guarded by the resourceVersion they were read at.
"""

from __future__ import annotations

import copy
from typing import Any

from reconciler.kube.api import SYNC_MANAGER, Object
from reconciler.sync import pointers
from reconciler.sync.declared import Declared
from reconciler.sync.digests import ENGINE_KEYS, ENGINE_LISTS, Fields, at, guests, owned_fields

RELEASED_MANAGER = "reconciler-released"
"""Holds fields that we applied once and nobody else owns yet; dropping them from our payload would delete them."""

MIGRATED_MANAGERS = frozenset(
    {
        "argocd-application-controller",
        "argocd-controller",
        "before-first-apply",
        "helm",
        "helm-controller",
        "kubectl",
        "kubectl-client-side-apply",
        "kustomize-controller",
    }
)
"""Managers whose fields become ours at adoption: what they applied and git does not declare must then go.

Not `kubectl-rollout`: taking over its restart annotation would restart every pod.
"""


def needs_live(item: Declared) -> bool:
    """Whether the payload of an existing object depends on its live body."""
    return bool(item.ignored or item.managers or item.key.kind in ENGINE_LISTS or item.key.kind in ENGINE_KEYS)


def payload(item: Declared, live: Object | None, *, engine_owned: bool = False) -> Object:
    """The body of the apply. A creation sends git's values everywhere."""
    if live is None:
        return item.body
    body = copy.deepcopy(item.body)
    pointers.drop(body, item.ignored)
    for manager in item.managers:
        for fields in _fields_of(live, manager):
            pointers.drop_fields(body, fields)
    if engine_owned:
        _keep_weights(body, live)
    _keep_keys(body, live)
    return body


def released(item: Declared, live: Object) -> Object | None:
    """What a holder must apply before we drop ignored fields that we alone own; None when there are none."""
    ours = owned_fields(live, SYNC_MANAGER)
    held = [pointer for pointer in item.ignored if ours and pointers.owns(ours, live, pointer)]
    if not held or ours is None:
        return None
    part = pointers.only(live, held, ours)
    metadata = {key: live["metadata"][key] for key in ("name", "namespace") if key in live["metadata"]}
    return {
        **part,
        "apiVersion": item.body["apiVersion"],
        "kind": item.key.kind,
        "metadata": {**part.get("metadata", {}), **metadata},
    }


def adoption(live: Object) -> list[dict[str, Any]] | None:
    """A JSON patch that moves fields of former managers to ours, or None when there is nothing to move."""
    entries = live["metadata"].get("managedFields") or []
    moved = [entry for entry in entries if _migrates(entry)]
    if not moved:
        return None
    fields: Fields = {}
    for entry in [*moved, *(entry for entry in entries if _is_ours(entry))]:
        fields = union(fields, entry.get("fieldsV1") or {})
    kept = [entry for entry in entries if not _migrates(entry) and not _is_ours(entry)]
    ours = {**moved[-1], "manager": SYNC_MANAGER, "operation": "Apply", "fieldsV1": fields}
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": [*kept, ours]},
    ]


def union(one: Fields, other: Fields) -> Fields:
    """All paths of two managedFields trees."""
    return {key: union(one.get(key, {}), other.get(key, {})) for key in {**one, **other}}


def _migrates(entry: dict[str, Any]) -> bool:
    return entry.get("manager") in MIGRATED_MANAGERS and not entry.get("subresource")


def _is_ours(entry: dict[str, Any]) -> bool:
    return entry.get("manager") == SYNC_MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource")


def _fields_of(live: Object, manager: str) -> list[Fields]:
    entries = live["metadata"].get("managedFields") or []
    return [entry.get("fieldsV1") or {} for entry in entries if entry.get("manager") == manager]


def _keep_weights(body: Object, live: Object) -> None:
    """Copies the live weights into the payload, matched by the backend's name; new backends keep git's.

    Backends that are there for an experiment stay.
    """
    for path in ENGINE_LISTS.get(body.get("kind", ""), ()):
        declared, found = at(body, path), at(live, path)
        if not isinstance(declared, list) or not isinstance(found, list):
            continue
        weights = {item.get("name"): item for item in found if isinstance(item, dict)}
        for item in declared:
            _copy_weight(item, weights.get(item.get("name")))
        invited = guests(live) - {item.get("name") for item in declared}
        declared += [item for name, item in weights.items() if name in invited]
        body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]


def _keep_keys(body: Object, live: Object) -> None:
    """Copies the engine's key into a declared map; without it a Service would reach every version at once."""
    for path, key in ENGINE_KEYS.get(body.get("kind", ""), ()):
        declared, found = at(body, path), at(live, path)
        if isinstance(declared, dict) and isinstance(found, dict) and key in found:
            declared.setdefault(key, found[key])
            body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]


def _copy_weight(item: Object, live: Object | None) -> None:
    for field in ("weight", "percent"):
        if live is not None and field in live:
            item[field] = live[field]
        elif live is not None:
            item.pop(field, None)
