"""Conditions as clients read them (spec rollouts §5.2-§5.4).

A condition changes only when its status or reason does; its message alone changes nothing. A changed one moves to
the end of the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.rollouts import defaults, requests
from reconciler.rollouts.analyses import verdicts
from reconciler.rollouts.bluegreen import standing
from reconciler.rollouts.proving import bake
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import BlueGreenStatus, RolloutStatus
from reconciler.workloads.conditions import put
from reconciler.workloads.parts import Condition
from reconciler.workloads.times import moment, stamp

TIMED_OUT = "ProgressDeadlineExceeded"
ABORTED = "RolloutAborted"
INVALID = "InvalidSpec"
_WAITING_STEPS = ("pause", "analysis", "experiment", "plugin")

Conditions = tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One status about to be written: `before` is stored, `after` has the new counters, `created` a new ReplicaSet."""

    world: World
    before: RolloutStatus
    after: RolloutStatus
    now: datetime
    created: bool = False

    @property
    def paused(self) -> bool:
        return bool(self.after.pause_conditions) or self.world.rollout.spec.paused

    @property
    def completed(self) -> bool:
        return bool(self.after.current_pod_hash) and self.after.stable_rs == self.after.current_pod_hash

    @property
    def healthy(self) -> bool:
        """All pods are of the wanted version and available, and nothing is left to do but to judge."""
        n, after = self.world.replicas, self.after
        if self.world.is_blue_green:
            return not self.paused and standing.healthy(self.world, after)
        counts = (after.updated_replicas, after.available_replicas, after.replicas)
        return not self.paused and self.completed and counts == (n, n, n)

    @property
    def progressed(self) -> bool:
        """Whether anything moved since the stored status (spec §5.3)."""
        old, new = self.before, self.after
        return (
            new.updated_replicas != old.updated_replicas
            or new.replicas - new.updated_replicas < old.replicas - old.updated_replicas
            or new.ready_replicas > old.ready_replicas
            or new.available_replicas > old.available_replicas
            or _position(new) != _position(old)
        )


def project(look: Look) -> Conditions:
    """All conditions of the status that is about to be written."""
    conditions = tuple(c for c in look.before.conditions if c.type != INVALID)
    for wanted in (_available(look), _progressing(look), _paused(look), _healthy(look), _completed(look)):
        conditions = put(conditions, wanted, look.now) if wanted else conditions
    return _replica_failure(conditions, look)


def deadline(world: World, status: RolloutStatus) -> datetime | None:
    """When the update counts as stuck unless it moves; None while nothing is expected to move (spec §5.4)."""
    progressing = status.condition("Progressing")
    if progressing is None or progressing.status == "False" or not progressing.last_update_time:
        return None
    step = world.current_step
    judging = (step and step.kind in _WAITING_STEPS) or verdicts.awaited(world) or bake.under_way(world)
    waits = status.pause_conditions or world.rollout.spec.paused or judging
    draining = not world.is_blue_green and any(rs.deadline for rs in world.others)
    if waits or draining or progressing.reason in ("NewReplicaSetAvailable", "RolloutPaused"):
        return None
    seconds = defaults.progress_deadline_seconds(world.rollout.spec)
    return moment(progressing.last_update_time) + timedelta(seconds=seconds)


def _available(look: Look) -> Condition:
    world = look.world
    enough = standing.available(world) if world.is_blue_green else look.after.available_replicas >= world.replicas
    text = "Rollout has minimum availability" if enough else "Rollout does not have minimum availability"
    return _condition("Available", enough, "AvailableReason", text)


def _paused(look: Look) -> Condition | None:
    """Stays as it was while aborted; absent until the first pause."""
    known = look.before.condition("Paused") is not None
    if look.world.aborted or not (look.paused or known):
        return None
    return _condition("Paused", look.paused, "RolloutPaused", "Rollout is paused")


def _healthy(look: Look) -> Condition | None:
    if not look.healthy and look.before.condition("Healthy") is None:
        return None
    text = "Rollout is healthy" if look.healthy else "Rollout is not healthy"
    return _condition("Healthy", look.healthy, "RolloutHealthy", text)


def _completed(look: Look) -> Condition:
    return _condition("Completed", look.completed, "RolloutCompleted", "RolloutCompleted")


def _progressing(look: Look) -> Condition | None:
    """First match; None leaves it as it is."""
    old = look.before.condition("Progressing")
    name = look.world.new.name if look.world.new else ""
    reason = old.reason if old else ""
    if look.world.aborted:
        return _progress("False", ABORTED, requests.abort_message(look.world))
    if look.paused and not look.completed:
        return _progress("Unknown", "RolloutPaused", "Rollout is paused")
    if look.created:
        return _news("NewReplicaSetCreated", f'Created new replica set "{name}"', look.now)
    if look.healthy:
        return _progress("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')
    if old is None:
        return _progress("True", "FoundNewReplicaSet", f'Found new replica set "{name}"')
    if look.progressed:
        return _news("ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.', look.now)
    if reason == "NewReplicaSetAvailable" and look.completed:
        return _news("ReplicaSetNotAvailable", f'ReplicaSet "{name}" is not available.', look.now)
    if reason == "NewReplicaSetAvailable" and look.world.is_blue_green:
        return _news("ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.', look.now)
    if reason == "RolloutPaused":
        return _progress("Unknown", "RolloutResumed", "Rollout is resumed")
    if reason == ABORTED:
        return _progress("Unknown", "RolloutRetry", "Retrying Rollout after abort")
    return _timed_out(look, name)


def _timed_out(look: Look, name: str) -> Condition | None:
    due = deadline(look.world, look.before)
    if due is None or due >= look.now:
        return None
    return _progress("False", TIMED_OUT, f'ReplicaSet "{name}" has timed out progressing.')


def _replica_failure(conditions: Conditions, look: Look) -> Conditions:
    """The first ReplicaSet that cannot create pods says so here; newest version first."""
    rest = tuple(c for c in conditions if c.type != "ReplicaFailure")
    sets = ([look.world.new] if look.world.new else []) + list(look.world.older)
    failing = (c for rs in sets for c in rs.status.conditions if c.type == "ReplicaFailure")
    found = next(failing, None)
    return put(conditions, _found_copy(found), look.now) if found else rest


def _found_copy(condition: Condition) -> Condition:
    """A ReplicaSet's condition without its times."""
    return Condition(type=condition.type, status=condition.status, reason=condition.reason, message=condition.message)


def _position(status: RolloutStatus) -> tuple[object, ...]:
    steps = (status.current_step_index, status.current_step_hash)
    selected = status.blue_green or BlueGreenStatus()
    return (status.stable_rs, status.current_pod_hash, *steps, selected.active_selector, selected.preview_selector)


def _condition(kind: str, holds: bool, reason: str, message: str) -> Condition:
    return Condition(type=kind, status="True" if holds else "False", reason=reason, message=message)


def _progress(status: str, reason: str, message: str) -> Condition:
    return Condition(type="Progressing", status=status, reason=reason, message=message)


def _news(reason: str, message: str, now: datetime) -> Condition:
    return Condition(type="Progressing", status="True", reason=reason, message=message, last_update_time=stamp(now))
