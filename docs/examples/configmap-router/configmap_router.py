"""Weights and routes in a ConfigMap, which a proxy of your own follows.

trafficRouting:
  plugins:
    example/configmap:
      configMap: shop-traffic      # created if it does not exist
      acknowledged: true           # optional: the proxy says what it carries, see `verify`
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from reconciler.kube.api import Object, Resource
from reconciler.rollouts.traffic.routers.contract import HEADER_ROUTES, MIRROR_ROUTES, Key
from reconciler.rollouts.traffic.wanted import HeaderRoute, Wanted

RESOURCES = (Resource("", "v1", "ConfigMap", "configmaps"),)
ABILITIES = frozenset({HEADER_ROUTES, MIRROR_ROUTES})

ACKNOWLEDGED = "traffic.example/carries"
"""The annotation in which the proxy writes the digest of what it carries."""


def problems(config: Any) -> list[str]:
    named = isinstance(config, dict) and config.get("configMap")
    return [] if named else ["configMap: name the ConfigMap that the proxy follows"]


def objects(config: Any, rollout: str) -> list[Key]:
    return [("ConfigMap", config["configMap"])]


def edit(config: Any, wanted: Wanted, found: dict[Key, Object]) -> list[Object]:
    name = config["configMap"]
    body = found.get(("ConfigMap", name)) or {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    body["data"] = {**body.get("data", {}), **_data(wanted)}
    return [body]


def verify(config: Any, wanted: Wanted, found: dict[Key, Object]) -> bool | None:
    if not config.get("acknowledged"):
        return None
    annotations = found[("ConfigMap", config["configMap"])]["metadata"].get("annotations") or {}
    return bool(annotations.get(ACKNOWLEDGED) == _data(wanted)["digest"])


def _data(wanted: Wanted) -> dict[str, str]:
    split = wanted.split
    sides = [split.canary, split.stable, *split.additional]
    traffic = {
        "weights": [{"service": each.service_name, "weight": each.weight} for each in sides],
        "routes": [_route(route, split.canary.service_name) for route in wanted.routes],
    }
    texts = {key: json.dumps(value, sort_keys=True) for key, value in traffic.items()}
    return {**texts, "digest": hashlib.sha256("".join(texts.values()).encode()).hexdigest()[:12]}


def _route(route: Any, service: str) -> dict[str, Any]:
    kind = "header" if isinstance(route, HeaderRoute) else "mirror"
    return {"kind": kind, "service": service, **msgspec.to_builtins(route)}
