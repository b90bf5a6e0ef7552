"""What a person should know about a planned update before it happens. Pure; each warning is one sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from reconciler.rollouts.model import Rollout
from reconciler.rollouts.planning.figures import percent
from reconciler.rollouts.planning.plan import Plan, Row
from reconciler.rollouts.proving import wanted
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.strategy_model import BlueGreen, Canary

_NONE = ("0", "0s", "0m", "0h")
_FAR_OFF = 5
"""Points of percent between the weight that a step asks for and the share that its pods give."""


def warnings(rollout: Rollout, planned: Plan) -> list[str]:
    if blue_green := rollout.spec.strategy.blue_green:
        return [*_state(rollout, planned), *_blue_green(blue_green, planned)]
    if not planned.replicas:
        return [*_state(rollout, planned), "there are 0 replicas: no pod of any version runs, so nothing is tried"]
    canary = rollout.spec.strategy.canary or Canary()
    typed = canary.typed_steps()
    completed = [(row, typed[row.number - 1]) for row in planned.rows if row.number]
    return [
        *_state(rollout, planned),
        *_judgement(rollout, canary, typed),
        *_weights(planned, completed),
        *_crowded(planned, completed),
        *_repeated(planned, completed),
        *_order(completed),
        *_pauses(planned, completed),
        *_plugins(completed),
        *_capacity(planned),
    ]


def _state(rollout: Rollout, planned: Plan) -> Iterator[str]:
    if rollout.spec.paused:
        yield "spec.paused is set: nothing moves until it is resumed"
    if planned.outcome != "Healthy":
        yield f"it does not get healthy: {planned.message or planned.outcome}"


def _blue_green(strategy: BlueGreen, planned: Plan) -> Iterator[str]:
    if not any(strategy.analyses):
        yield "no analysis judges the new version: only pods that do not become ready stop it"
    if strategy.auto_promotion_enabled is False and strategy.auto_promotion_seconds:
        yield "autoPromotionSeconds has no effect: autoPromotionEnabled is false, so only a person promotes"
    if (strategy.preview_replica_count or 0) > planned.replicas:
        yield f"the preview gets {strategy.preview_replica_count} pods, more than the {planned.replicas} that serve"
    if any(row.took is None for row in planned.rows):
        yield f"it waits until a person runs `reconciler rollouts promote {planned.name}`"


def _judgement(rollout: Rollout, canary: Canary, typed: tuple[Step, ...]) -> Iterator[str]:
    if not typed:
        yield "there are no steps: all pods are replaced at once, as fast as maxSurge and maxUnavailable allow"
    baked = wanted.of(rollout).bake is not None
    if canary.analysis is None and not baked and not any(map(_judges, typed)):
        yield "no analysis judges the new version: only pods that do not become ready stop it"
    starting = int((canary.analysis or {}).get("startingStep") or 0)
    if typed and starting >= len(typed):
        last = len(typed) - 1
        yield f"the background analysis never runs: it starts at step index {starting}, the last one is {last}"


def _judges(step: Step) -> bool:
    return step.analysis is not None or bool(step.experiment and step.experiment.get("analyses"))


def _weights(planned: Plan, completed: list[tuple[Row, Step]]) -> Iterator[str]:
    """A weight is a ratio of pods where no router splits the traffic."""
    for row, step in completed:
        if step.set_weight is None or planned.routed or abs(row.share - row.weight) < _FAR_OFF:
            continue
        pods = f"{row.canary} of {row.canary + row.stable} pods"
        yield (
            f"step {row.number} asks for {percent(row.weight)} and gets {percent(row.share)} ({pods}): "
            f"use trafficRouting{_replicas_for(row.weight, planned.replicas)}"
        )


def _crowded(planned: Plan, completed: list[tuple[Row, Step]]) -> Iterator[str]:
    """Traffic that a router sends to fewer pods than its share of the replicas, as `setCanaryScale` may ask for."""
    for row, step in completed:
        needed = planned.replicas * row.share / 100
        if planned.routed and step.set_weight is not None and row.canary and row.canary < math.floor(needed):
            few = "1 pod" if row.canary == 1 else f"{row.canary} pods"
            yield f"step {row.number} sends {percent(row.share)} of the traffic to {few} of {planned.replicas}"


def _replicas_for(weight: float, replicas: int) -> str:
    smaller = min(weight, 100 - weight)
    wanted = math.ceil(100 / smaller) if smaller > 0 else 0
    return f", or {wanted} replicas" if wanted > replicas else ""


def _repeated(planned: Plan, completed: list[tuple[Row, Step]]) -> Iterator[str]:
    """Weights that differ and pods that do not."""
    weighed = [row for row, step in completed if step.set_weight is not None]
    for before, row in pairwise(weighed):
        same = (before.canary, before.stable) == (row.canary, row.stable)
        if same and not planned.routed and before.weight != row.weight:
            pods = f"{row.canary}/{row.stable} pods, as in step {before.number}"
            yield f"step {row.number} ({row.text}) changes nothing: {pods}"


def _order(completed: list[tuple[Row, Step]]) -> Iterator[str]:
    weighed = [row for row, step in completed if step.set_weight is not None]
    for before, row in pairwise(weighed):
        if row.weight < before.weight:
            yield f"step {row.number} ({row.text}) gives back traffic that step {before.number} had given"
    by_header = False
    for row, step in completed:
        by_header |= step.set_header_route is not None
        if row.share == 0 and (step.pause or step.analysis) and not by_header:
            yield f"step {row.number} ({row.text}) comes before the new version gets any traffic"


def _pauses(planned: Plan, completed: list[tuple[Row, Step]]) -> Iterator[str]:
    for row, step in completed:
        if step.pause and step.pause.duration and row.took == timedelta() and str(step.pause.duration) not in _NONE:
            yield f"step {row.number} ({row.text}) is over at once: pauses are whole seconds"
        if row.took is None:
            yield f"step {row.number} waits until a person runs `reconciler rollouts promote {planned.name}`"


def _plugins(completed: list[tuple[Row, Step]]) -> Iterator[str]:
    for row, step in completed:
        if step.plugin:
            yield f"step {row.number} ({row.text}) is taken to succeed at once: only the plugin knows how long it takes"


def _capacity(planned: Plan) -> Iterator[str]:
    if planned.replicas and any(row.fewest == 0 for row in planned.rows):
        yield "for a while no pod is available: allow maxSurge, or more replicas"
