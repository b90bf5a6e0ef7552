"""Traefik: the weights of a weighted TraefikService (spec rollouts §8.2)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from reconciler.kube.objects import TRAEFIK_SERVICES
from reconciler.rollouts import experiment_services
from reconciler.rollouts.intents import Intent, PatchRouted
from reconciler.rollouts.model import TrafficRouting
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import Weights
from reconciler.rollouts.traffic.routers.contract import EXPERIMENT_SHARES, RouterError
from reconciler.rollouts.traffic.wanted import Wanted

KIND = "TraefikService"
ABILITIES = frozenset({EXPERIMENT_SHARES})


def objects(routing: TrafficRouting, rollout: str) -> list[tuple[str, str]]:
    return [(KIND, routing.traefik.weighted_traefik_service_name)] if routing.traefik else []


def shift(world: World, wanted: Wanted) -> list[Intent]:
    routing = world.canary.traffic_routing
    name = routing.traefik.weighted_traefik_service_name if routing and routing.traefik else ""
    found = world.routed.get((KIND, name))
    if found is None:
        raise RouterError(f"TraefikService {name!r} does not exist")
    spec = edit(found.spec, wanted.split, experiment_services.ports(world))
    if spec == found.spec:
        return []
    changed = {"weighted": {"services": spec["weighted"]["services"]}}
    return [PatchRouted(TRAEFIK_SERVICES, name, {"spec": changed}, found.metadata.resource_version)]


def edit(spec: dict[str, Any], split: Weights, extra: Mapping[str, int] | None = None) -> dict[str, Any]:
    """A TraefikService's spec with both Services' weights set; other entries and fields are as before.

    `extra`: ports of the Services of experiments; those with a share are in the list, the others are not.
    Raises RouterError when the weighted list or one of the two Services is not in it.
    """
    spec = copy.deepcopy(spec)
    services = (spec.get("weighted") or {}).get("services")
    if not services:
        raise RouterError("the TraefikService has no spec.weighted.services")
    for side in (split.canary, split.stable):
        entries = [entry for entry in services if entry.get("name") == side.service_name]
        if not entries:
            raise RouterError(f"Service {side.service_name!r} is not in spec.weighted.services of the TraefikService")
        for entry in entries:
            entry["weight"] = side.weight
    spec["weighted"]["services"] = [entry for entry in services if entry.get("name") not in (extra or {})]
    spec["weighted"]["services"] += [
        {"name": each.service_name, "port": (extra or {}).get(each.service_name, 0), "weight": each.weight}
        for each in split.additional
    ]
    return spec
