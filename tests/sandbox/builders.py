"""Small objects for the suite."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
DEPLOYMENTS = {"plural": "deployments", "api": "apps/v1"}
CONFIG_MAPS = {"plural": "configmaps"}


def config_map(name: str, data: Object | None = None, **metadata: Any) -> Object:
    found: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}
    return found | ({"data": data} if data is not None else {})


def template(image: str = "i:1", app: str = "web", **spec: Any) -> Object:
    containers = [{"name": "main", "image": image}]
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": containers, **spec}}


def deployment(name: str = "web", **spec: Any) -> Object:
    """Paused by default: the suite looks at the API, not at controllers, unless it says so."""
    basic = {"paused": True, "selector": {"matchLabels": {"app": "web"}}, "template": template()}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": basic | spec}


def replica_set(name: str = "set", replicas: int = 0, **spec: Any) -> Object:
    basic = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template()}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": name}, "spec": basic | spec}


def service(name: str = "svc", **spec: Any) -> Object:
    basic = {"ports": [{"port": 80}], "selector": {"app": "web"}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": basic | spec}


def managers(obj: Object) -> dict[tuple[str, str], Object]:
    """fieldsV1 by (manager, operation)."""
    entries = obj["metadata"].get("managedFields", [])
    return {(entry["manager"], entry["operation"]): entry["fieldsV1"] for entry in entries}


def names(answer: Object) -> list[str]:
    return [item["metadata"]["name"] for item in answer["items"]]


def differences(left: Any, right: Any, path: str = "") -> list[str]:
    """Where two values differ, as lines."""
    if isinstance(left, dict) and isinstance(right, dict):
        keys = sorted(left.keys() | right.keys())
        return [line for key in keys for line in differences(left.get(key), right.get(key), f"{path}.{key}")]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [line for at in range(len(left)) for line in differences(left[at], right[at], f"{path}[{at}]")]
    return [] if left == right else [f"{path}: {left!r} != {right!r}"]
