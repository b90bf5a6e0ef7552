"""When the version that is wanted becomes the stable one (spec rollouts §4.3).

Also a first version has to be available before it is stable: until then nothing claims that it was delivered, and a
second version simply replaces it. (The established engine promotes it before it has a pod.)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.rollouts import rollback
from reconciler.rollouts.bluegreen import analyses, cutover
from reconciler.rollouts.canary.desired import enough
from reconciler.rollouts.intents import RecordEvent, normal
from reconciler.rollouts.proving import bake, first_deploy, wanted
from reconciler.rollouts.snapshot import PING, PONG, World


@dataclass(frozen=True, slots=True)
class Promotion:
    world: World
    events: tuple[RecordEvent, ...] = ()


def reconcile(world: World, now: datetime) -> Promotion:
    """Makes the wanted version stable when it may be."""
    why = reason(world, now)
    if not why:
        return Promotion(world)
    if world.is_blue_green:
        world = world.with_blue_green(scale_up_preview_check_point=False)
    text = f"Rollout completed update to revision {world.revision} ({world.pod_hash}): {why}"
    told = () if world.promoted else (normal("RolloutCompleted", text),)
    return Promotion(
        _turned(world).with_status(
            stable_rs=world.pod_hash,
            pause_conditions=None,
            controller_pause=False,
            abort=False,
            aborted_at=None,
            promote_full=False,
            current_step_index=world.last_index,
        ),
        told,
    )


def _turned(world: World) -> World:
    """With `pingPong` the Service that had the canary's traffic is the stable one from now on."""
    if world.promoted or world.canary.ping_pong is None:
        return world
    return world.with_canary(stable_ping_pong=PONG if world.canary_status.stable_ping_pong == PING else PING)


def reason(world: World, now: datetime) -> str:
    """Why it is promoted now; empty when it is not."""
    if not _serves(world):
        return ""
    if not world.status.stable_rs:
        return "Initial deploy" if first_deploy.passed(world) else ""
    if world.status.promote_full:
        return "Full promotion requested"
    if rollback.fast(world) and (world.promoted or _has_traffic(world)):
        return "Rollback within window" if rollback.within_window(world) else "Fast rollback"
    if world.is_blue_green:
        return "Completed blue-green update" if analyses.passed(world, "PostPromotion") else ""
    if ready(world) and bake.passed(world, now):
        return f"Completed all {len(world.steps)} canary steps"
    return ""


def ready(world: World) -> bool:
    """Whether the version has the pods and the traffic of a stable one: what is left is to judge it."""
    if world.is_blue_green or not world.status.stable_rs:
        return _serves(world)
    return _serves(world) and world.steps_done and _has_traffic(world)


def _serves(world: World) -> bool:
    """Whether it has its pods, and no person stands in the way."""
    if world.new is None or world.aborted or world.rollout.spec.paused or not _available(world):
        return False
    return not world.is_blue_green or cutover.complete(world)


def _available(world: World) -> bool:
    threshold = world.canary.replica_progress_threshold
    return world.new is not None and enough(threshold, world.new.available, world.replicas)


def _has_traffic(world: World) -> bool:
    """Whether all traffic was sent to it, where steps move traffic and there is another version that had it."""
    if not world.splits_traffic or not (world.steps or wanted.of(world.rollout).bake):
        return True
    told = world.weights
    return told is not None and told.canary.weight == world.max_weight and not world.unconfirmed
