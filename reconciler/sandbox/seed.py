"""What a fresh cluster has."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.api.core import Api, Options
from reconciler.sandbox.api.write import create

Object = dict[str, Any]
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
NODES = ("sandbox-0", "sandbox-1")


def seed(api: Api) -> None:
    """Namespaces and two nodes."""
    options = Options(manager="sandbox")
    for name in NAMESPACES:
        made(api, "v1", "Namespace", {"metadata": {"name": name}}, options)
    for name in NODES:
        made(api, "v1", "Node", {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}}, options)


def made(api: Api, api_version: str, kind_name: str, body: Object, options: Options) -> Object:
    kind = api.registry.named(api_version, kind_name)
    assert kind is not None
    return create(api, kind, body["metadata"].get("namespace", ""), body, options)
