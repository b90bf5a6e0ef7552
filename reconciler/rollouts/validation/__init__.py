"""What is wrong with a Rollout by itself (spec rollouts §1.9): all of it, in the order that clients know.

Each problem reads `<field path>: <type>: <value>: <what to do>`, the form in which the Kubernetes API reports errors.
Features of the format that this engine does not drive yet are refused here, so that nobody waits for them in vain.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.kube import nesting
from reconciler.rollouts import anti_affinity, defaults
from reconciler.rollouts.model import Rollout, RolloutSpec
from reconciler.rollouts.proving import wanted
from reconciler.rollouts.quantities import LONGEST_SECONDS, pods_of
from reconciler.rollouts.strategy_model import BlueGreen, Canary
from reconciler.rollouts.validation.analysis import analysis_problems, starting_problems
from reconciler.rollouts.validation.blue_green import blue_green_problems
from reconciler.rollouts.validation.routing import routing_problems
from reconciler.rollouts.validation.steps import step_problems
from reconciler.rollouts.validation.template import selector_problems, template_problems
from reconciler.workloads.field_errors import invalid, required
from reconciler.workloads.times import readable

_STRATEGY = "spec.strategy.canary"


def problems(rollout: Rollout, template_hash: str, *, resolved: bool = False) -> list[str]:
    """Every problem of the object itself; the first is the one that clients show.

    `template_hash` is empty when the template makes no sense, as with a quantity that is no number. `resolved`: the
    template is that of the Rollout's workload.
    """
    if rollout.malformed:
        return [f"spec: Invalid value: the object cannot be read: {rollout.malformed}"]
    spec = rollout.spec
    known = spec.once(("problems", template_hash, resolved), lambda: _problems(spec, template_hash, resolved=resolved))
    return [*known, *wanted.problems(rollout)]


def _problems(spec: RolloutSpec, template_hash: str, *, resolved: bool) -> list[str]:
    if deep := list(_depths(spec)):
        return deep  # whoever looks further into it may not come back
    found = [
        *_numbers(spec),
        *_lengths(spec),
        *selector_problems(spec),
        *template_problems(spec, template_hash, resolved=resolved),
        *_strategy(spec),
    ]
    if spec.strategy.canary:
        found += _canary(spec.strategy.canary)
    if spec.strategy.blue_green:
        found += blue_green_problems(spec, spec.strategy.blue_green)
    return found


def _depths(spec: RolloutSpec) -> Iterator[str]:
    canary = spec.strategy.canary or Canary()
    for path, packed in (("spec.template", spec.packed_template), ("spec.strategy.steps", canary.packed_steps)):
        if nesting.too_deep(bytes(packed)):
            yield invalid(path, "…", f"it is nested more than {nesting.DEEPEST} levels deep")


def _numbers(spec: RolloutSpec) -> Iterator[str]:
    named = {
        "replicas": spec.replicas,
        "minReadySeconds": spec.min_ready_seconds,
        "revisionHistoryLimit": spec.revision_history_limit,
        "progressDeadlineSeconds": spec.progress_deadline_seconds,
    }
    for field, value in named.items():
        if value is not None and value < 0:
            yield invalid(f"spec.{field}", value, "must be greater than or equal to 0")
    seconds = defaults.progress_deadline_seconds(spec)
    if seconds <= spec.min_ready_seconds:
        yield invalid("spec.progressDeadlineSeconds", seconds, "must be greater than minReadySeconds")
    if spec.restart_at is not None and not readable(spec.restart_at):
        yield invalid("spec.restartAt", spec.restart_at, "must be a time such as 2026-01-31T12:00:00Z")


def _lengths(spec: RolloutSpec) -> Iterator[str]:
    """What is longer leads out of the calendar, and the format's own numbers end there as well."""
    named = {
        "spec.minReadySeconds": spec.min_ready_seconds,
        "spec.progressDeadlineSeconds": spec.progress_deadline_seconds,
    }
    for each in spec.strategy.written:
        named[f"{each.path}.scaleDownDelaySeconds"] = each.scale_down_delay_seconds
        named[f"{each.path}.abortScaleDownDelaySeconds"] = each.abort_scale_down_delay_seconds
        if isinstance(each, BlueGreen):
            named[f"{each.path}.autoPromotionSeconds"] = each.auto_promotion_seconds
    for path, value in named.items():
        if value is not None and value > LONGEST_SECONDS:
            yield invalid(path, value, f"must be at most {LONGEST_SECONDS}")


def _strategy(spec: RolloutSpec) -> Iterator[str]:
    canary, blue_green = spec.strategy.canary, spec.strategy.blue_green
    if canary is not None and blue_green is not None:
        yield invalid("spec.strategy", "canary and blueGreen", "choose one strategy")
    elif canary is None and blue_green is None:
        yield required("spec.strategy", "choose canary or blueGreen")


def _canary(canary: Canary) -> list[str]:
    return [
        *_surge(canary),
        *routing_problems(canary),
        *_delays(canary),
        *anti_affinity.problems(canary.anti_affinity, f"{_STRATEGY}.antiAffinity"),
        *_background(canary),
        *step_problems(canary),
    ]


def _surge(canary: Canary) -> Iterator[str]:
    readable = True
    for field, value in (("maxSurge", canary.max_surge), ("maxUnavailable", canary.max_unavailable)):
        try:
            negative = value is not None and pods_of(value, 100, round_up=True) < 0
        except ValueError:
            negative = True
        if negative:
            readable = False
            yield invalid(f"{_STRATEGY}.{field}", value, "must be a number or a percentage, not below 0")
    if readable and _zero(canary.max_surge) and _zero(canary.max_unavailable):
        yield invalid(f"{_STRATEGY}.maxUnavailable", 0, "maxSurge and maxUnavailable cannot both be 0")


def _zero(value: int | str | None) -> bool:
    return value is not None and pods_of(value, 100, round_up=True) == 0


def _delays(canary: Canary) -> Iterator[str]:
    if canary.traffic_routing is None and canary.scale_down_delay_seconds is not None:
        value = canary.scale_down_delay_seconds
        yield invalid(f"{_STRATEGY}.scaleDownDelaySeconds", value, "only possible with trafficRouting")
    if canary.traffic_routing is None and canary.dynamic_stable_scale:
        yield invalid(f"{_STRATEGY}.dynamicStableScale", True, "only possible with trafficRouting")
    if canary.dynamic_stable_scale and canary.scale_down_delay_seconds is not None:
        yield invalid(f"{_STRATEGY}.dynamicStableScale", True, "not possible together with scaleDownDelaySeconds")


def _background(canary: Canary) -> Iterator[str]:
    if canary.analysis:
        yield from starting_problems(canary.analysis, f"{_STRATEGY}.analysis")
        yield from analysis_problems(canary.analysis, f"{_STRATEGY}.analysis")
