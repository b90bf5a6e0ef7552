"""One shape for objects that mean the same, on both sides of a comparison (spec gitops §2.3)."""

from __future__ import annotations

import base64
import copy
from typing import Any

from reconciler.kube.api import Object
from reconciler.sync.tracking import APP_LABEL, OWNER

SERVER_METADATA = (
    "managedFields",
    "resourceVersion",
    "uid",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "selfLink",
)
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
RBAC_KINDS = ("Role", "ClusterRole")


def comparable(obj: Object, *, tracking: bool = False) -> Object:
    """A copy without what the server adds (and this program, unless `tracking`), equal spellings made one."""
    found = copy.deepcopy(obj)
    metadata = found.get("metadata") or {}
    for field in SERVER_METADATA:
        metadata.pop(field, None)
    _drop_key(metadata, "annotations", LAST_APPLIED)
    if not tracking:
        _drop_key(metadata, "annotations", OWNER)
        _drop_key(metadata, "labels", APP_LABEL)
    found.pop("status", None)
    fold_secret(found)
    _rbac(found)
    _definition(found)
    return without_nulls(found)  # type: ignore[no-any-return]


def fold_secret(obj: Object) -> None:
    """Moves a Secret's `stringData` into `data`, in place; where both have a key, `stringData` wins."""
    if obj.get("kind") != "Secret" or obj.get("apiVersion") != "v1":
        return
    plain = obj.pop("stringData", None) or {}
    data = {key: "" if value is None else value for key, value in (obj.get("data") or {}).items()}
    for key, value in plain.items():
        data[key] = base64.b64encode(str("" if value is None else value).encode()).decode()
    if data:
        obj["data"] = data


def without_nulls(value: Any) -> Any:
    """A null means "not set" to server-side apply, so it compares as absent."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _drop_key(metadata: Object, field: str, key: str) -> None:
    values = metadata.get(field) or {}
    values.pop(key, None)
    if not values:
        metadata.pop(field, None)


def _rbac(obj: Object) -> None:
    if obj.get("kind") in RBAC_KINDS and (obj.get("aggregationRule") or not obj.get("rules")):
        obj.pop("rules", None)


def _definition(obj: Object) -> None:
    """What the server adds to a CRD by itself."""
    if obj.get("kind") != "CustomResourceDefinition":
        return
    spec = obj.get("spec") or {}
    if (spec.get("conversion") or {}).get("strategy") == "None":
        spec.pop("conversion")
    names = spec.get("names") or {}
    if names.get("listKind") == f"{names.get('kind')}List":
        names.pop("listKind")
    if names.get("singular") == str(names.get("kind")).lower():
        names.pop("singular")
