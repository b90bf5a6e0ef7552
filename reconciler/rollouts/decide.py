"""One reconcile of a Rollout: what to write next, and when to look again (spec rollouts §4.1).

What comes in is a `World`: the Rollout as stored, its ReplicaSets, Services, routers' objects and AnalysisRuns, read
at one instant. What goes out is a `Decision`: an ordered list of writes, of which the status is the last, and the time
at which time alone would change the answer. Nothing here reads or writes anything, and nothing is remembered: after a
crash between any two writes the same function, given what is then true, asks for the rest.

The order is the design:

1. Is there anything to decide? A Rollout that is being deleted or is invalid is left alone, ownership comes first.
2. Is there a ReplicaSet for the template? If not it is made and the update is announced; with its first pods where no
   router has to be told before.
   A route that the spec names no more has its traffic taken back first.
3. What was asked for, and what do analyses say? New version, abort, retry, promotion, pause: heeded before anything is
   done, so that an abort moves traffic in the very reconcile that sees the failure.
4. The course of the strategy (`canary/course.py`, `bluegreen/course.py`): Services, then traffic, then AnalysisRuns
   and Experiments, then sizes: what serves is right before it gets traffic, and traffic is gone before pods are. One
   size changes per reconcile, so that its effect is seen before the next. Is the current step complete, is the version
   delivered? Judged by what was read, not by what was just asked for.
5. The status is projected from all that and written once, if it says anything new; mere counters may wait a moment.

Its own writes come back as events of the watches and wake it up again; a decision that finds nothing to do writes
nothing, which is how this ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
import orjson

from reconciler.rollouts import (
    conditions,
    history,
    identity,
    labelling,
    legible,
    metadata,
    projection,
    refusal,
    requests,
    revisions,
    standstill,
    validation,
    workload,
)
from reconciler.rollouts.analyses import runs, verdicts
from reconciler.rollouts.bluegreen import course as blue_green
from reconciler.rollouts.canary import course as canary
from reconciler.rollouts.canary import scaling
from reconciler.rollouts.experiment_step import life as experiments
from reconciler.rollouts.intents import (
    AdoptReplicaSet,
    CreateReplicaSet,
    Intent,
    PatchRollout,
    ReleaseReplicaSet,
    normal,
)
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_plugins import answers
from reconciler.rollouts.traffic import leaving, shift
from reconciler.rollouts.validation import references
from reconciler.workloads.replica_set import decode_replica_set

_LOOK_AGAIN = timedelta(seconds=20)
"""How long a missing Service, Ingress or template may go unnoticed when no watch tells us."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`troubles`: why something could not be decided; the rest is carried out, then it is tried again with back-off."""

    intents: tuple[Intent, ...] = ()
    wake_at: datetime | None = None
    troubles: tuple[str, ...] = ()


def decide(world: World, now: datetime) -> Decision:
    """What to write next for this Rollout. Pure: the same world and time give the same decision."""
    if world.rollout.metadata.deletion_timestamp is not None:
        return Decision()
    if standstill.gives_away(world.rollout):
        return Decision(standstill.given_away(world.rollout))
    if (mended := legible.mended(world.status, now)) != world.status:
        return Decision(projection.write(world.status, mended))
    if found := validation.problems(world.rollout, world.template_hash, resolved=world.workload is not None):
        return Decision(refusal.invalid(world.rollout, found, now))
    if world.rollout.spec.replicas is None:
        return Decision((PatchRollout({"spec": {"replicas": world.replicas}}),))
    if claims := _claims(world):
        return Decision(claims)
    if unlabelled := labelling.pending(world):
        return Decision(labelling.label(world, unlabelled))
    if found := [*references.problems(world), *leaving.problems(world)]:
        return Decision(refusal.invalid(world.rollout, found, now), wake_at=now + _LOOK_AGAIN)
    if standstill.waits(world):
        return Decision(standstill.await_pods(world))
    if (back := leaving.reconcile(world)) is not None:
        return Decision(back, wake_at=now + shift.ASK_AGAIN)
    if world.new is None:
        return _introduce(world, now)
    return _continue(world, now)


def _claims(world: World) -> tuple[Intent, ...]:
    """Taking over ReplicaSets that match and letting go of those that do not (spec §2.4)."""
    adopted = [AdoptReplicaSet(rs.name, rs.metadata.uid) for rs in identity.to_adopt(world.rollout, world.orphans)]
    released = [
        ReleaseReplicaSet(rs.name, rs.metadata.uid) for rs in identity.to_release(world.rollout, world.replica_sets)
    ]
    return (*adopted, *released)


def _introduce(world: World, now: datetime) -> Decision:
    """A version that has no ReplicaSet yet gets one, and the status says that an update began."""
    if world.foreign_name:
        return _rename(world)
    body = revisions.new_replica_set(world)
    planned = decode_replica_set(orjson.dumps(body))
    begun = replace(world, new=planned, replica_sets=(*world.replica_sets, planned))
    heeded = requests.heed(begun, now)
    body["spec"]["replicas"] = size = scaling.first_size(heeded.world, now)
    scaled = f", scaled up from 0 to {size}" if size else ""
    told = normal("NewReplicaSetCreated", f"Created ReplicaSet {planned.name} (revision {world.revision}){scaled}")
    projected = projection.project(heeded.world, now, created=True)
    return Decision(
        (
            CreateReplicaSet(body),
            *revisions.announce(world),
            told,
            *projected.writes,
            *heeded.events,
            *projected.events,
        )
    )


def _rename(world: World) -> Decision:
    """The ReplicaSet's name is taken by another object: the collision count gives another hash (spec §2.3)."""
    status = world.rollout.status
    counted = msgspec.structs.replace(status, collision_count=(status.collision_count or 0) + 1)
    return Decision(projection.write(status, counted))


def _continue(world: World, now: datetime) -> Decision:
    judged = verdicts.judge(world, now)
    observed = experiments.judge(judged.world, now)
    answered = answers.take(observed.world, now)
    heeded = requests.heed(_late(answered.world), now)
    course = (blue_green if world.is_blue_green else canary).reconcile(heeded.world, now)
    projected = projection.project(course.world, now)
    intents = (
        *revisions.bring_up_to_date(world),
        *metadata.reconcile(heeded.world),
        *course.intents,
        *history.surplus(world),
        *runs.surplus(course.world),
        *experiments.surplus(course.world),
        *workload.hand_over(world, projected.status),
        *projected.writes,
        *course.calls,
        *judged.events,
        *observed.events,
        *answered.events,
        *heeded.events,
        *course.events,
        *projected.events,
    )
    due = conditions.deadline(course.world, projected.status)
    return Decision(intents, _earliest(now, *course.wakes, projected.wake_at, due), course.troubles)


def _late(world: World) -> World:
    """With `progressDeadlineAbort` an update that timed out is given up (spec §5.4).

    A first version is not: there is nothing to come back to, and it may still become available.
    """
    progressing = world.rollout.status.condition("Progressing")
    timed_out = progressing is not None and progressing.reason == conditions.TIMED_OUT
    under_way = world.status.stable_rs and not world.promoted and not world.abort_cause
    wanted = world.rollout.spec.progress_deadline_abort and under_way
    if not (timed_out and wanted and progressing) or requests.changed(world):
        return world
    return replace(world, abort_cause=progressing.message)


def _earliest(now: datetime, *times: datetime | None) -> datetime | None:
    """The first time at which something is due. A time that has passed means at once: a deadline counts from after."""
    known: Iterable[datetime] = (time for time in times if time is not None)
    return min((max(time, now + timedelta(seconds=1)) if time <= now else time for time in known), default=None)
