"""Objects, targets and managedFields for the tests of this room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.apps.record import Entry, Key
from reconciler.config.model import Application, Automated, Destination, Source, SyncPolicy
from reconciler.errors import Position
from reconciler.kube.api import Object

PLACE = Position("deploy/app.yaml", 1, 1)


@dataclass(frozen=True)
class Rendered:
    """A rendered object, as the render room hands it over."""

    object: Object
    at: Position = PLACE

    @property
    def key(self) -> Key:
        metadata = self.object["metadata"]
        group = self.object["apiVersion"].rpartition("/")[0]
        return Key(group, self.object["kind"], metadata.get("namespace", ""), metadata["name"])


def target(kind: str, name: str, api: str = "v1", namespace: str = "shop", **body: Any) -> Rendered:
    """A target; `annotations=` goes to metadata, everything else into the body."""
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if annotations := body.pop("annotations", None):
        metadata["annotations"] = annotations
    return Rendered({"apiVersion": api, "kind": kind, "metadata": metadata, **body})


def config_map(name: str, wave: int = 0, **data: str) -> Rendered:
    annotations = {"argocd.argoproj.io/sync-wave": str(wave)} if wave else None
    return target("ConfigMap", name, data=data, annotations=annotations)


def deployment(name: str, image: str = "web:1", replicas: int | None = 2) -> Rendered:
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "app", "image": image}]},
        },
    }
    if replicas is not None:
        spec["replicas"] = replicas
    return target("Deployment", name, "apps/v1", spec=spec)


def application(prune: bool = True, self_heal: bool = True, **more: Any) -> Application:
    policy = SyncPolicy(Automated(prune, self_heal), tuple(more.pop("options", ())))
    return Application("shop", Source("file:///repo", "deploy"), Destination("shop"), policy, **more)


def entry(name: str, kind: str = "ConfigMap", **more: Any) -> Entry:
    group, version = {"Deployment": ("apps", "v1"), "StatefulSet": ("apps", "v1")}.get(kind, ("", "v1"))
    namespace = "" if kind == "Namespace" else "shop"
    return Entry(group, version, kind, namespace, name, **{"uid": f"uid-{name}", **more})


def managed(obj: Object, fields: dict[str, Any], manager: str = "reconciler", operation: str = "Apply") -> Object:
    """The object with one more managedFields entry."""
    entries = obj["metadata"].get("managedFields", [])
    added = {"manager": manager, "operation": operation, "fieldsV1": fields}
    return {**obj, "metadata": {**obj["metadata"], "managedFields": [*entries, added]}}
