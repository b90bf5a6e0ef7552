"""Which share of the traffic each Service gets, as the objects of the Rollout's router say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
Objects = Mapping[tuple[str, str], Json]

_NGINX_WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"


def weights(rollout: Json, objects: Objects) -> dict[str, int]:
    """Percent by name of Service. Empty where traffic goes as pods are: without a router, or before it has objects."""
    strategy = rollout["spec"]["strategy"]
    if "blueGreen" in strategy:
        return {strategy["blueGreen"]["activeService"]: 100}
    routing = strategy["canary"].get("trafficRouting") or {}
    if "traefik" in routing:
        return _traefik(objects.get(("TraefikService", routing["traefik"]["weightedTraefikServiceName"])))
    if "nginx" in routing:
        name = f"{rollout['metadata']['name']}-{routing['nginx']['stableIngress']}-canary"
        return _nginx(strategy["canary"], objects.get(("Ingress", name)))
    return _example(objects.get(("ConfigMap", "traffic")))


def _traefik(found: Json | None) -> dict[str, int]:
    services = found["spec"]["weighted"]["services"] if found else []
    return {entry["name"]: entry.get("weight", 0) for entry in services}


def _nginx(canary: Json, found: Json | None) -> dict[str, int]:
    """Without the second Ingress the first one's Service has everything."""
    weight = int(found["metadata"]["annotations"][_NGINX_WEIGHT]) if found else 0
    return {canary["canaryService"]: weight, canary["stableService"]: 100 - weight}


def _example(found: Json | None) -> dict[str, int]:
    """Of the router in `docs/examples/configmap-router`."""
    shares = json.loads(found["data"]["weights"]) if found else []
    return {each["service"]: each["weight"] for each in shares}
