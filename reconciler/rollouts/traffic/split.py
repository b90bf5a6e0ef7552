"""How traffic shall be split now: one answer for all routers (spec rollouts §3.7)."""

from __future__ import annotations

from reconciler.rollouts.canary import desired, weights
from reconciler.rollouts.proving import wanted
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import Destination, Weights


def desired_split(world: World) -> Weights | None:
    """The weights to tell the routers; None: leave them as they are.

    They are left alone while the stable side lacks the pods for the share that would fall to it. An update that was
    given up, aborted or reverted, or one without a pod, is the exception: any available stable pod is better than that.
    """
    weight, additional = _canary_weight(world), _additional(world)
    if world.stable is None or not _stable_can_take(world, world.max_weight - weight):
        return None
    return Weights(
        canary=Destination(weight=weight, service_name=world.canary_service, pod_template_hash=_canary_hash(world)),
        stable=Destination(
            weight=max(0, world.max_weight - weight - sum(each.weight for each in additional)),
            service_name=world.stable_service,
            pod_template_hash=world.stable.hash,
        ),
        additional=additional,
    )


def returning(world: World) -> bool:
    """An update was interrupted by going back to the stable version, whose pods `dynamicStableScale` had taken."""
    told, new = world.weights, world.new
    return bool(
        world.dynamic
        and world.promoted
        and told
        and told.canary.pod_template_hash != world.pod_hash
        and told.canary.weight > 0
        and new
        and new.available < world.replicas
    )


def _canary_weight(world: World) -> int:
    told = world.weights.canary.weight if world.weights else 0
    if returning(world):
        return _falling_back(world, told)
    if world.promoted:
        return 0
    if world.aborted:
        return _falling_back(world, told) if world.dynamic else 0
    if world.new is None or world.new.available == 0:
        return 0
    if world.status.promote_full:
        return _by_availability(world, told)
    return _by_steps(world)


def _additional(world: World) -> tuple[Destination, ...]:
    """The share of experiments, taken from the stable side; only while the steps decide (spec cases 4 and 6)."""
    ended = world.promoted or world.aborted or world.status.promote_full or not world.steps or world.steps_done
    return () if ended else world.additional


def _falling_back(world: World, told: int) -> int:
    """What the growing stable version cannot take yet stays where it was; it never rises."""
    available = world.stable.available if world.stable else 0
    if world.replicas == 0:
        return 0
    return min(told, max(0, world.max_weight - world.max_weight * available // world.replicas))


def _by_availability(world: World, told: int) -> int:
    if not world.dynamic or world.new is None or world.replicas == 0:
        return told
    return min(world.max_weight, world.max_weight * world.new.available // world.replicas)


def _by_steps(world: World) -> int:
    if not world.steps and not wanted.of(world.rollout).bake:
        return 0  # without steps all pods are exchanged and promotion moves the traffic
    if not desired.reached(world):
        return min(_told_to(world, world.pod_hash), weights.target(world))
    return weights.target(world)


def _told_to(world: World, pod_hash: str) -> int:
    """The canary weight now, if it is this version's: traffic never rises before the pods for it are there."""
    told = world.weights
    return told.canary.weight if told and told.canary.pod_template_hash == pod_hash else 0


def _stable_can_take(world: World, share: int) -> bool:
    if world.stable is None:
        return False
    if ((world.aborted or world.promoted) and not world.dynamic) or not _canary_serves(world):
        return world.stable.available > 0
    needed = share * world.replicas // world.max_weight
    return desired.enough(world.canary.replica_progress_threshold, world.stable.available, needed)


def _canary_serves(world: World) -> bool:
    """Whether any pod answers what is sent to the canary's Service now; of one without pods any other is better."""
    selected = world.selected(world.canary_service)
    return any(rs.available for rs in world.replica_sets if selected in ("", rs.hash))


def _canary_hash(world: World) -> str:
    if returning(world) and world.weights:
        return world.weights.canary.pod_template_hash
    return world.pod_hash
