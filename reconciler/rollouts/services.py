"""Which pods each Service selects: the only place that decides it, so no selector can flap (spec rollouts §2.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import msgspec

from reconciler.rollouts.bluegreen import cutover
from reconciler.rollouts.intents import Intent, ReleaseService, SwitchService, normal
from reconciler.rollouts.owned import Service
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.traffic.split import returning
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet


@dataclass(frozen=True, slots=True)
class Target:
    """A Service and the version it shall select, as soon as that version can serve; `at_once`: even before."""

    service: str
    replica_set: ReplicaSet
    at_once: bool = False


def targets(world: World) -> list[Target]:
    """What every Service of the Rollout shall select; one that is left out stays as it is."""
    return list(_blue_green(world)) if world.is_blue_green else _canary(world)


def _blue_green(world: World) -> Iterator[Target]:
    """The preview is for people who wait for it: it may be selected before it has pods."""
    config, preview, active = world.blue_green, cutover.preview(world), cutover.active(world)
    if config.preview_service and preview:
        yield Target(config.preview_service, preview, at_once=True)
    if active:
        yield Target(config.active_service, active)


def _canary(world: World) -> list[Target]:
    """The stable Service first: on promotion the new version takes it over before the weights go back to it."""
    canary = world.canary
    found: list[Target] = []
    if canary.stable_service and (serving := _serving(world)):
        found.append(Target(canary.stable_service, serving))
    if canary.canary_service and (target := _canary_target(world)):
        found.append(target)
    return [*found, *_taking_turns(world)]


def _serving(world: World) -> ReplicaSet | None:
    """The stable version, or without a router, where steps take its pods as well, the new one once it has none left."""
    stable, new = world.stable, world.new
    gone = stable is not None and stable.available == 0 and not world.routes_traffic and not world.aborted
    return new if gone and new is not None and new.available > 0 else stable


def select(world: World) -> list[Intent]:
    """The switches that are due."""
    named = set(world.strategy.services.values())
    left = [service for service in world.managed_services if service.metadata.name not in named]
    return [*switches(world), *(intent for service in left for intent in _left_behind(world, service))]


def switches(world: World) -> list[Intent]:
    """Those of the Services that the Rollout names."""
    return [intent for target in targets(world) for intent in _switch(world, target)]


def switched(world: World, intents: Iterable[Intent]) -> World:
    """The world with the Services as they are once `intents` are carried out."""
    hashes = {intent.name: intent.hash for intent in intents if isinstance(intent, SwitchService)}
    return replace(world, services={name: _at(each, hashes.get(name)) for name, each in world.services.items()})


def _at(service: Service, pod_hash: str | None) -> Service:
    if pod_hash is None:
        return service
    spec = msgspec.structs.replace(service.spec, selector={**service.spec.selector, keys.HASH: pod_hash})
    return msgspec.structs.replace(service, spec=spec)


def release(managed: Iterable[Service]) -> list[Intent]:
    """Lets Services go that carry our mark although no Rollout names them any more."""
    return [ReleaseService(service.metadata.name, service.metadata.resource_version) for service in managed]


def _left_behind(world: World, service: Service) -> list[Intent]:
    """One that is not named any more, though somebody may still send it traffic, selects what serves.

    While an update goes on beside the stable version, that is the stable version; once no other has pods, and in a
    canary without a router, whose pods are the split, it is every version.
    """
    stable = world.stable
    beside = any(rs.size or rs.status.replicas for rs in world.replica_sets if rs is not stable)
    shares = not world.is_blue_green and not world.routes_traffic
    if stable is None or stable.available == 0 or not beside or shares or not service.hash:
        return release([service])
    return _switch(replace(world, services={service.metadata.name: service}), Target(service.metadata.name, stable))


def _taking_turns(world: World) -> Iterator[Target]:
    """The Services of `pingPong`. The one that is not stable keeps its version after promotion, for it has no traffic.

    At first use both are set; left to itself the stable one would select the pods of every version.
    """
    if world.canary.ping_pong is None:
        return
    if world.stable:
        yield Target(world.stable_service, world.stable)
    service = world.services.get(world.canary_service)
    first = service is not None and not service.hash
    if world.new and (first or not world.promoted):
        yield Target(world.canary_service, world.new, at_once=not first and _needs_none(world))


def _canary_target(world: World) -> Target | None:
    service = world.canary.canary_service
    if world.aborted:
        # Traffic that still has a weight must find the pods it was sent to; without weights the switch is the abort.
        moved = not world.dynamic or world.weights is None or world.weights.canary.weight == 0
        return Target(service, world.stable) if world.stable and moved else None
    if world.new is None or returning(world):
        return None
    return Target(service, world.new)


def _switch(world: World, target: Target) -> list[Intent]:
    service = world.services.get(target.service)
    if service is None:
        return []
    if service.hash == target.replica_set.hash:
        return _marked(world, service)
    if not target.at_once and not _may_serve(world, service, target.replica_set):
        return []
    managed = "" if keys.MANAGED_BY in service.metadata.annotations else world.rollout.metadata.name
    name, new_hash = service.metadata.name, target.replica_set.hash
    text = f"Switched selector for service '{name}' from '{service.hash}' to '{new_hash}'"
    return [
        SwitchService(name, new_hash, service.metadata.resource_version, managed_by=managed),
        normal("SwitchService", text),
    ]


def _marked(world: World, service: Service) -> list[Intent]:
    """One that selects the version already, as somebody else left it, is ours from now on and let go one day."""
    if keys.MANAGED_BY in service.metadata.annotations:
        return []
    name, version = service.metadata.name, service.metadata.resource_version
    return [SwitchService(name, service.hash, version, managed_by=world.rollout.metadata.name)]


def _may_serve(world: World, service: Service, rs: ReplicaSet) -> bool:
    """A version needs as many pods as the Service's traffic needs, or as the Service had.

    For one that we narrow for the first time it needs all that were asked for as well.
    """
    managed = keys.MANAGED_BY in service.metadata.annotations
    has = sum(other.available for other in world.replica_sets if service.hash in ("", other.hash))
    if managed and world.is_blue_green and not world.replicas:
        return not has
    least = max(1, min(has, _needed(world, service.metadata.name)))
    return rs.available >= (least if managed else max(least, rs.size))


def _needs_none(world: World) -> bool:
    """A Service without traffic may select pods that are still to come, so that load balancers get to know them."""
    return world.weights is not None and _needed(world, world.canary_service) == 0


def _needed(world: World, service: str) -> int:
    """Pods for the share that routers send to the Service now."""
    told = world.weights
    sides = (told.canary, told.stable) if told else ()
    weight = sum(side.weight for side in sides if side.service_name == service)
    return -(-weight * world.replicas // world.max_weight)
