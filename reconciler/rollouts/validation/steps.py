"""What is wrong with the steps of a canary (spec rollouts §1.9)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.rollouts import defaults
from reconciler.rollouts.experiment_step import fields as experiment_step
from reconciler.rollouts.quantities import pause_length
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.steps import STEPS
from reconciler.rollouts.strategy_model import Canary
from reconciler.rollouts.validation.analysis import analysis_problems
from reconciler.rollouts.validation.routes import route_problems
from reconciler.workloads.field_errors import invalid, required
from reconciler.workloads.template_json import Misfit, encode_steps


def step_problems(canary: Canary) -> list[str]:
    """Problems of all steps in order. Paths have no `canary` segment: tools of the family know them so."""
    try:
        steps = canary.typed_steps()
        encode_steps(canary.steps)
    except msgspec.ValidationError as error:
        return [f"spec.strategy.steps: Invalid value: the steps cannot be read: {error}"]
    except Misfit as misfit:
        return [f"spec.strategy.steps{misfit.path}: Invalid value: {misfit.why}"]
    return [text for index in range(len(steps)) for text in _step(canary, steps, index)]


def _step(canary: Canary, steps: tuple[Step, ...], index: int) -> Iterator[str]:
    step, path = steps[index], f"spec.strategy.steps[{index}]"
    kinds = step.kinds
    if len(kinds) != 1:
        said = ", ".join(kinds) or "nothing known"
        yield invalid(path, said, f"a step must have exactly one of {', '.join(STEPS)}")
        return
    if step.kind not in STEPS:
        yield invalid(f"{path}.{step.kind}", step.kind, "not supported yet: remove this step")
        return
    yield from _weight(canary, step, path)
    yield from _pause(step, path)
    yield from _scale(canary, step, path)
    yield from route_problems(canary, step, path)
    if step.plugin and not step.plugin.name:
        yield required(f"{path}.plugin.name", "name the plugin")
    yield from _analysis(step, f"{path}.analysis")
    weights = [each.set_weight for each in steps[:index] if each.set_weight is not None]
    yield from experiment_step.problems(canary, step, weights[-1] if weights else 0, f"{path}.experiment")


def _weight(canary: Canary, step: Step, path: str) -> Iterator[str]:
    most, weight = defaults.max_weight(canary), step.set_weight
    if weight is not None and not 0 <= weight <= most:
        yield invalid(f"{path}.setWeight", weight, f"must be between 0 and {most}")


def _pause(step: Step, path: str) -> Iterator[str]:
    duration = step.pause.duration if step.pause else None
    if duration is None:
        return
    try:
        bad = pause_length(duration).total_seconds() < 0
    except (ValueError, OverflowError):
        bad = True
    if bad:
        yield invalid(
            f"{path}.pause.duration",
            duration,
            "must be seconds, or a duration such as 5m, not below 0 nor above 68 years",
        )


def _scale(canary: Canary, step: Step, path: str) -> Iterator[str]:
    scale = step.set_canary_scale
    if scale is None:
        return
    if canary.traffic_routing is None:
        yield invalid(f"{path}.setCanaryScale", "setCanaryScale", "only possible with trafficRouting")
    chosen = (scale.weight is not None) + (scale.replicas is not None) + scale.match_traffic_weight
    if chosen != 1:
        yield invalid(f"{path}.setCanaryScale", chosen, "set one of weight, replicas and matchTrafficWeight")
    if min(scale.weight or 0, scale.replicas or 0) < 0:
        yield invalid(f"{path}.setCanaryScale", "negative", "must be greater than or equal to 0")


def _analysis(step: Step, path: str) -> Iterator[str]:
    if step.analysis is None:
        return
    if not step.analysis.get("templates"):
        yield required(f"{path}.templates", "name at least one AnalysisTemplate")
    yield from analysis_problems(step.analysis, path)
