"""Versions that are neither wanted nor stable lose their pods (spec rollouts §3.4).

A canary without traffic routing takes them as fast as availability allows. With traffic routing, and in blue-green,
they go only once nothing points at them any more, and after a delay in which proxies forget them and a person may want
them back: also a canary that a newer one overtook, which the established engine drops at once while requests are still
on their way to it. During the delay a version keeps the size that it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.rollouts import defaults
from reconciler.rollouts.snapshot import World
from reconciler.workloads.replica_set import ReplicaSet


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one ReplicaSet now. `deadline` set: it gets that long; `wake_at`: look again then."""

    replica_set: ReplicaSet
    size: int
    deadline: datetime | None = None
    wake_at: datetime | None = None


def fates(world: World, now: datetime) -> list[Fate]:
    """Newest first; only those that still have pods asked for."""
    standing = sorted((rs for rs in world.others if rs.size > 0), key=lambda rs: rs.revision, reverse=True)
    if world.routes_traffic or world.is_blue_green:
        return list(_delayed(world, standing, now))
    return list(_by_budget(world, standing))


def referenced(world: World) -> frozenset[str]:
    """Hashes that a Service, the last split or the status still points at."""
    if world.unconfirmed:
        return frozenset(rs.hash for rs in world.replica_sets)
    hashes = {world.status.stable_rs, world.pod_hash}
    if world.weights:
        hashes |= {world.weights.canary.pod_template_hash, world.weights.stable.pod_template_hash}
    serving = set(world.strategy.services.values()) - _idle(world)
    return frozenset(hashes | {world.selected(name) for name in serving})


def _idle(world: World) -> set[str]:
    """The Service of `pingPong` that has no traffic: it keeps its version until its turn comes, and is no reference."""
    told = world.weights
    idle = world.canary.ping_pong is not None and told is not None and told.canary.weight == 0
    return {world.canary_service} if idle else set()


def _by_budget(world: World, standing: list[ReplicaSet]) -> Iterator[Fate]:
    budget = _Budget(world)
    for rs in standing:
        yield Fate(rs, budget.left_of(rs))


def _delayed(world: World, standing: list[ReplicaSet], now: datetime) -> Iterator[Fate]:
    used, kept, budget = referenced(world), 0, _Budget(world)
    limit = world.strategy.scale_down_delay_revision_limit
    for rs in standing:
        if rs.hash in used:
            yield Fate(rs, rs.size)
            continue
        over = limit is not None and kept >= limit
        fate = (None if over else _delay(world, rs, now)) or Fate(rs, budget.left_of(rs))
        kept += fate.size > 0
        yield fate


def _delay(world: World, rs: ReplicaSet, now: datetime) -> Fate | None:
    """Its time of grace; None when that is over, or when there is none."""
    seconds = defaults.scale_down_delay_seconds(world.strategy)
    if seconds == 0:
        return None
    if rs.deadline is None:
        until = now + timedelta(seconds=seconds)
        return Fate(rs, rs.size, deadline=until, wake_at=until)
    return None if rs.deadline <= now else Fate(rs, rs.size, wake_at=rs.deadline)


class _Budget:
    """How many available pods all superseded versions together may lose now."""

    def __init__(self, world: World) -> None:
        unavailable = defaults.unavailable(world.strategy, world.replicas)
        available = sum(rs.available for rs in world.replica_sets)
        self._spare = max(0, available - (world.replicas - unavailable))

    def left_of(self, rs: ReplicaSet) -> int:
        """The size that one version keeps; what it has of pods that are not available is nobody's capacity."""
        loss = min(rs.available, self._spare)
        self._spare -= loss
        return rs.available - loss
