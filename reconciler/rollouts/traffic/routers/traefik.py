"""Traefik: the weights of a weighted TraefikService (spec rollouts §8.2)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from reconciler.kube.objects import TRAEFIK_SERVICES
from reconciler.rollouts.experiment_step import services as experiment_services
from reconciler.rollouts.intents import Intent, PatchRouted
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import Destination, Weights
from reconciler.rollouts.strategy_model import TrafficRouting
from reconciler.rollouts.traffic.routers.contract import EXPERIMENT_SHARES, RouterError
from reconciler.rollouts.traffic.wanted import Wanted
from reconciler.workloads import keys

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
    guests = found.metadata.annotations.get(keys.EXPERIMENT_SERVICES)
    spec = edit(found.spec, wanted.split, guests or "", experiment_services.ports(world))
    invited = ",".join(each.service_name for each in wanted.split.additional) or None
    if (spec, invited) == (found.spec, guests):
        return []
    patch: dict[str, Any] = {"spec": {"weighted": {"services": spec["weighted"]["services"]}}}
    if invited != guests:
        patch["metadata"] = {"annotations": {keys.EXPERIMENT_SERVICES: invited}}
    return [PatchRouted(TRAEFIK_SERVICES, name, patch, found.metadata.resource_version)]


def edit(
    spec: dict[str, Any], split: Weights, guests: str = "", ports: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """A TraefikService's spec with both Services' weights set; other entries and fields are as before.

    `guests`: names of the entries that are there for an experiment, which give way to those of the split; `ports` of
    these. Raises RouterError when the weighted list or one of the two Services is not in it.
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
    spec["weighted"]["services"] = [
        *(entry for entry in services if entry.get("name") not in guests.split(",")),
        *(_guest(each, ports or {}) for each in split.additional),
    ]
    return spec


def _guest(share: Destination, ports: Mapping[str, int]) -> dict[str, Any]:
    return {"name": share.service_name, "port": ports.get(share.service_name, 0), "weight": share.weight}
