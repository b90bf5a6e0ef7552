"""The status that clients read, from what is there and what was decided; written once (spec rollouts §5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from reconciler.rollouts import conditions, defaults, duration, holding, phase, workload
from reconciler.rollouts.bluegreen import standing
from reconciler.rollouts.conditions import Look
from reconciler.rollouts.intents import Intent, PatchStatus, RecordEvent, normal
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import BlueGreenStatus, CanaryStatus, RolloutStatus, merge_patch
from reconciler.workloads import selectors


@dataclass(frozen=True, slots=True)
class Projection:
    """`status` is what will be stored; `writes` is empty when that says nothing new, or not before `wake_at`."""

    status: RolloutStatus
    writes: tuple[Intent, ...]
    events: tuple[RecordEvent, ...] = ()
    wake_at: datetime | None = None


def project(world: World, now: datetime, *, created: bool = False) -> Projection:
    """The whole status after this decision. `created`: a ReplicaSet was made for the version."""
    before = world.rollout.status
    counted = _counted(world)
    look = Look(world, before, counted, now, created)
    status = msgspec.structs.replace(counted, conditions=conditions.project(look))
    status = msgspec.structs.replace(status, duration=duration.record(look))
    stands = phase.phase(world, status, now)
    status = msgspec.structs.replace(status, phase=stands.phase, message=stands.message)
    if due := holding.held_until(before, status, now, _patience(world)):
        return Projection(status, (), wake_at=due)
    return Projection(status, write(before, status), tuple(_told(look, status)))


def _patience(world: World) -> timedelta:
    return holding.patience(world.under_way, defaults.progress_deadline_seconds(world.rollout.spec))


def write(before: RolloutStatus, after: RolloutStatus) -> tuple[Intent, ...]:
    patch = merge_patch(before, after)
    return (PatchStatus(patch),) if patch else ()


def _counted(world: World) -> RolloutStatus:
    """Counters over all owned ReplicaSets (spec §5.5), and the parts that are always there."""
    sets = world.replica_sets
    total = sum(rs.status.replicas for rs in sets)
    status = world.status
    resumed = not status.pause_conditions and not world.rollout.spec.paused
    counted = msgspec.structs.replace(
        status,
        observed_generation=str(world.rollout.metadata.generation),
        workload_observed_generation=workload.generation(world),
        replicas=total,
        hpa_replicas=total,
        updated_replicas=world.new.status.replicas if world.new else 0,
        ready_replicas=sum(rs.status.ready_replicas for rs in sets),
        available_replicas=sum(rs.status.available_replicas for rs in sets),
        selector=selectors.text(world.rollout.spec.selector),
        pause_conditions=status.pause_conditions or None,
        controller_pause=status.controller_pause and not resumed,
        canary=CanaryStatus() if world.is_blue_green else world.canary_status,
        blue_green=standing.selected(world) if world.is_blue_green else BlueGreenStatus(),
    )
    return standing.counted(world, counted) if world.is_blue_green else counted


def _told(look: Look, after: RolloutStatus) -> list[RecordEvent]:
    world, before = look.world, look.before
    events = []
    was = before.condition("Completed")
    if not look.completed and (was is None or was.status == "True"):
        text = f"Rollout not completed, started update to revision {world.revision} ({world.pod_hash})"
        events.append(normal("RolloutNotCompleted", text))
    if _resumed(look, after):
        events.append(normal("RolloutResumed", "Rollout is resumed"))
    return events


def _resumed(look: Look, after: RolloutStatus) -> bool:
    """Whoever ends a pause clears what says so in the status; its condition stays as it was, after an abort too."""
    paused = look.before.condition("Paused")
    was_paused = paused is not None and paused.status == "True" and look.before.aborted_at is None
    return was_paused and not look.paused and not after.abort
