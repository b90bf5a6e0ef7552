"""A route that the spec does not name any more: its traffic goes back to the stable version before anything else.

When a spec names another router, other Services or another strategy in the middle of an update, the update is taken
back from the old route as an abort takes it back, with all pods in place. Only then the new spec is followed. So no
router is left with a split that nobody keeps up, and no Service with a share of the traffic gets another role.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from reconciler.rollouts import projection, resizing, services
from reconciler.rollouts.intents import CreateRouted, Intent, PatchRollout, PatchRouted, warning
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.strategy_model import Canary
from reconciler.rollouts.traffic import record, shift
from reconciler.rollouts.traffic.shift import Shift
from reconciler.workloads import keys
from reconciler.workloads.field_errors import invalid

MESSAGE = "traffic goes back to the stable version before it is routed in another way"


def problems(world: World) -> list[str]:
    """A split that nobody could end: its router is not known, or not there any more."""
    told, before = world.told_weights, record.left(world.rollout)
    if told is None or told.canary.weight == 0:
        return []
    sends = f'sends {told.canary.weight} % of the traffic to service "{told.canary.service_name}"'
    if before is not None:
        return [
            invalid("spec.strategy", "another route", f"plugins.{name} {sends} and cannot be told otherwise: {why}")
            for name, why in record.unable(before)
        ]
    if world.routes_traffic or keys.ROUTED_BY in world.rollout.metadata.annotations:
        return []  # another engine's split says only its Services
    end = "name it in trafficRouting again, finish or abort the update, then change the strategy"
    return [invalid("spec.strategy", "no trafficRouting", f"a router {sends}: {end}")]


def reconcile(world: World) -> tuple[Intent, ...] | None:
    """The next writes, none while something is waited for; None when no route is left behind."""
    before = record.left(world.rollout)
    if before is None:
        return None
    if taken := _taken(world, before):
        return _forgotten(world, taken)
    old = _given_up(world, before)
    switches, shifted = services.switches(old), shift.reconcile(old)
    if _cannot_be(old) or shifted.troubles or (not switches and _is_back(shifted)):
        return _forgotten(world, shifted.troubles)
    after = msgspec.structs.replace(
        world.status,
        canary=shifted.world.canary_status,
        phase="Progressing",
        message=MESSAGE,
        observed_generation=str(world.rollout.metadata.generation),
    )
    return (*switches, *shifted.intents, *_grown(old), *projection.write(world.status, after))


def _taken(world: World, before: Canary) -> tuple[str, ...]:
    """Services that another Rollout manages: the annotation was copied with its manifest, or they changed hands."""
    found = (world.services[name] for name in before.services.values() if name in world.services)
    managers = ((each.metadata.name, each.metadata.annotations.get(keys.MANAGED_BY)) for each in found)
    mine = (None, world.rollout.metadata.name)
    return tuple(f'service "{name}" is managed by Rollout "{other}"' for name, other in managers if other not in mine)


def _given_up(world: World, before: Canary) -> World:
    """The world in which the old route still counts, and its update was given up."""
    spec = world.rollout.spec
    strategy = msgspec.structs.replace(spec.strategy, canary=before, blue_green=None)
    rollout = msgspec.structs.replace(world.rollout, spec=msgspec.structs.replace(spec, strategy=strategy))
    return replace(world, rollout=rollout, steps=()).with_status(abort=True)


def _cannot_be(old: World) -> bool:
    """Whether there is nothing to go back to, or nothing that a person would wait for."""
    stable = old.stable
    return stable is None or not old.replicas or (stable.available == 0 and old.status.promote_full)


def _grown(old: World) -> tuple[Intent, ...]:
    """With `dynamicStableScale` the stable version needs its pods back first."""
    stable = old.stable
    if stable is None or stable.size >= old.replicas:
        return ()
    return resizing.resized(old, stable, old.replicas, drop_deadline=True).intents


def _is_back(shifted: Shift) -> bool:
    told, writing = shifted.world.weights, any(isinstance(i, CreateRouted | PatchRouted) for i in shifted.intents)
    return not writing and not shifted.world.unconfirmed and (told is None or told.canary.weight == 0)


def _forgotten(world: World, troubles: tuple[str, ...]) -> tuple[Intent, ...]:
    """Also a route that is not there any more, or has no place for these Services: then it sends them nothing.

    The split goes first, so that after a crash the route is still known.
    """
    told = (warning("TrafficRoutingError", f"left behind: {trouble}") for trouble in troubles)
    after = world.with_canary(weights=None).status if world.weights else world.status
    forget = PatchRollout({"metadata": {"annotations": {keys.ROUTED_BY: None}}})
    return (*projection.write(world.status, after), forget, *told)
