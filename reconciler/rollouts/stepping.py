"""Moving along the steps: completing the current one, and beginning a pause (spec rollouts §4.5, §4.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.rollouts import pauses, steps
from reconciler.rollouts.intents import RecordEvent, normal
from reconciler.rollouts.snapshot import STEP_PAUSE, World
from reconciler.rollouts.steps import Done, Wait


@dataclass(frozen=True, slots=True)
class Stepped:
    world: World
    events: tuple[RecordEvent, ...] = ()
    wake_at: datetime | None = None


def advance(world: World, now: datetime) -> Stepped:
    """At most one step is completed per reconcile; the pause that follows it begins in the same status write."""
    if not moving(world):
        return Stepped(world)
    answer = _progress(world, now)
    if not isinstance(answer, Done):
        return _waiting(world, answer, now)
    stepped = _complete(world)
    after = _begin_pause(stepped.world, now)
    return Stepped(after.world, (*stepped.events, *after.events), after.wake_at)


def moving(world: World) -> bool:
    """A person who has to judge an inconclusive analysis judges what is there now, so nothing moves until then."""
    started = bool(world.status.stable_rs) and not world.promoted
    held = world.aborted or world.rollout.spec.paused or world.inconclusive
    return started and not held and not world.steps_done


def _progress(world: World, now: datetime) -> steps.Progress:
    step = world.current_step
    return steps.progress(step, world, now) if step else Done()


def _waiting(world: World, answer: Wait, now: datetime) -> Stepped:
    return _begin_pause(world, now) if answer.pause else Stepped(world, wake_at=answer.until)


def _complete(world: World) -> Stepped:
    step, index = world.current_step, world.step_index + 1
    text = steps.text(step) if step else ""
    told = normal("RolloutStepCompleted", f"Rollout step {index}/{len(world.steps)} completed ({text})")
    moved = pauses.end(world, STEP_PAUSE).with_status(current_step_index=index)
    return Stepped(moved.with_canary(current_step_analysis_run_status=None, current_experiment=""), (told,))


def _begin_pause(world: World, now: datetime) -> Stepped:
    answer = _progress(world, now)
    if isinstance(answer, Done) or not answer.pause:
        return Stepped(world)
    begun, told = pauses.begin(world, STEP_PAUSE, now)
    waiting = _progress(begun, now)
    wake_at = now if isinstance(waiting, Done) else waiting.until
    return Stepped(begun, (told,), wake_at)
