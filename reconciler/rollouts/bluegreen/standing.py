"""Where a blue-green Rollout stands, as its status tells: counters, health, what is awaited (spec rollouts §5)."""

from __future__ import annotations

import msgspec

from reconciler.rollouts.bluegreen import analyses, cutover
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import BlueGreenStatus, RolloutStatus
from reconciler.workloads import selectors


def selected(world: World) -> BlueGreenStatus:
    """`status.blueGreen`, its selectors those of the Services."""
    return msgspec.structs.replace(
        world.blue_green_status,
        active_selector=world.active_hash,
        preview_selector=world.selected(world.blue_green.preview_service),
    )


def counted(world: World, status: RolloutStatus) -> RolloutStatus:
    """What autoscalers and people count is the version that serves; a preview beside it is not theirs (§5.5)."""
    active = world.active
    if active is None:
        return status
    return msgspec.structs.replace(
        status,
        hpa_replicas=active.status.replicas,
        available_replicas=active.status.available_replicas,
        ready_replicas=active.status.ready_replicas,
        selector=selectors.text(active.spec.selector),
    )


def available(world: World) -> bool:
    """Whether the version that serves has all its pods."""
    active, n = world.active, world.replicas
    if active is None:
        return cutover.needless(world)
    return active.size == active.sized_for == active.available == n


def healthy(world: World, status: RolloutStatus) -> bool:
    """Whether the wanted version serves, whole, wherever it shall; it may still be judged (§5.2)."""
    n, selects = world.replicas, status.blue_green or BlueGreenStatus()
    previewed = not world.blue_green.preview_service or selects.preview_selector == status.current_pod_hash
    whole = (status.updated_replicas, status.available_replicas) == (n, n)
    return _serves(world, status) and previewed and whole


def _serves(world: World, status: RolloutStatus) -> bool:
    selects = status.blue_green or BlueGreenStatus()
    if not status.current_pod_hash:
        return False
    return selects.active_selector == status.current_pod_hash or cutover.needless(world)


def awaited(world: World, status: RolloutStatus) -> str:
    """What is left to be done once all pods are available; empty when nothing is (§5.1)."""
    if not _serves(world, status):
        return "active service cutover pending"
    if status.stable_rs == status.current_pod_hash:
        return ""
    if not analyses.passed(world, "PostPromotion"):
        return "waiting for analysis to complete"
    return "waiting for post-promotion verification to complete"
