"""Sizes of a canary whose traffic is split by a router (spec rollouts §3.5): each side has the pods its share needs.

The stable version keeps all its pods unless `dynamicStableScale` lets it shrink with its share. A dynamic stable
version grows back at once when an update is aborted, and traffic follows its available pods (`traffic/split.py`).
"""

from __future__ import annotations

from reconciler.rollouts.canary import weights
from reconciler.rollouts.canary.sizes import Sizes
from reconciler.rollouts.snapshot import World


def sizes(world: World) -> Sizes:
    """Pods wanted for the canary and for the stable version; the same number twice when they are one version.

    The stable version's size follows the split that routers were told before this reconcile as well, so that it
    shrinks only after the traffic has moved.
    """
    if world.promoted or world.stable is None:
        return Sizes(world.replicas, world.replicas)
    return Sizes(_canary(world), _stable(world))


def _canary(world: World) -> int:
    scale = weights.canary_scale(world)
    if scale and scale.replicas is not None:
        return scale.replicas
    if scale and scale.weight is not None:
        return _at_least(world, _pods(world, scale.weight))
    wanted = max(weights.target(world), _told(world))
    return _at_least(world, _pods(world, wanted))


def _told(world: World) -> int:
    """The share that routers send to this version now: its pods go after its traffic."""
    told = world.weights
    return told.canary.weight if told and told.canary.pod_template_hash == world.pod_hash else 0


def _stable(world: World) -> int:
    if not world.dynamic or world.aborted:
        return world.replicas
    scale = weights.canary_scale(world)
    fixed = scale is not None and scale.replicas is not None
    share = world.max_weight - (0 if fixed else weights.target(world))
    told = max((each.stable.weight for each in (world.told_weights, world.weights) if each), default=world.max_weight)
    return max(_at_least(world, _pods(world, share)), _at_least(world, _pods(world, told)))


def _pods(world: World, weight: int) -> int:
    """Never more than all: a split that was told when `maxTrafficWeight` was greater is out of another whole."""
    return min(world.replicas, -(-weight * world.replicas // world.max_weight))


def _at_least(world: World, pods: int) -> int:
    least = min(world.canary.min_pods_per_replica_set or 0, world.replicas)
    return max(pods, least) if pods else 0
