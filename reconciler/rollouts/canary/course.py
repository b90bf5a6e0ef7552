"""The course of a canary: what serves, where traffic goes, who judges, how many pods, which step (spec rollouts §4.1).

Services come before traffic and traffic before sizes: what serves is right before it gets traffic, and traffic is gone
before pods are.
"""

from __future__ import annotations

from datetime import datetime

from reconciler.rollouts import promotion, restart, services, stepping
from reconciler.rollouts.analyses import runs
from reconciler.rollouts.canary import scaling
from reconciler.rollouts.course import Course
from reconciler.rollouts.experiment_step import life as experiments
from reconciler.rollouts.intents import warning
from reconciler.rollouts.proving import bake
from reconciler.rollouts.resizing import Scaling
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_plugins import calls
from reconciler.rollouts.traffic import shift


def reconcile(world: World, now: datetime) -> Course:
    selected = services.select(world)
    shifted = shift.reconcile(world)
    coupled = runs.reconcile(shifted.world)
    experimenting = experiments.reconcile(coupled.world)
    scaled = Scaling() if restart.unseen(experimenting.world, now) else scaling.reconcile(experimenting.world, now)
    restarted = restart.reconcile(experimenting.world, now, resizing=bool(scaled.intents))
    asked = calls.due(restarted.world, now)
    stepped = stepping.advance(asked.world, now)
    baked = bake.end(stepped.world, now)
    promoted = promotion.reconcile(stepped.world, now)
    return Course(
        promoted.world,
        intents=(
            *selected,
            *shifted.intents,
            *(warning("TrafficRoutingError", trouble) for trouble in shifted.troubles),
            *coupled.intents,
            *experimenting.intents,
            *restarted.intents,
            *scaled.intents,
            *baked.intents,
        ),
        calls=asked.calls,
        events=(*asked.events, *stepped.events, *promoted.events),
        wakes=(
            shift.ask_again_at(shifted.world, now),
            scaled.wake_at,
            asked.wake_at,
            stepped.wake_at,
            baked.wake_at,
            restarted.wake_at,
        ),
        troubles=(*shifted.troubles, *coupled.troubles, *experimenting.troubles),
    )
