"""The course of a blue-green update: pause, what Services select, who judges, how many pods, promotion (§6).

Services come before sizes: traffic is gone before pods are. What the Services select after this decision is known to
all that follows, so that a cutover and the promotion that depends on it are one status.
"""

from __future__ import annotations

from datetime import datetime

from reconciler.rollouts import promotion, restart, services
from reconciler.rollouts.analyses import runs
from reconciler.rollouts.bluegreen import pausing, scaling
from reconciler.rollouts.course import Course
from reconciler.rollouts.snapshot import World


def reconcile(world: World, now: datetime) -> Course:
    paused = pausing.advance(world, now)
    selected = services.select(paused.world)
    switched = services.switched(paused.world, selected)
    coupled = runs.reconcile(switched)
    restarted = restart.reconcile(coupled.world, now)
    scaled = scaling.reconcile(restarted.world, now)
    promoted = promotion.reconcile(restarted.world, now)
    return Course(
        promoted.world,
        intents=(*selected, *coupled.intents, *restarted.intents, *scaled.intents),
        events=(*paused.events, *promoted.events),
        wakes=(paused.wake_at, restarted.wake_at, scaled.wake_at),
        troubles=coupled.troubles,
    )
