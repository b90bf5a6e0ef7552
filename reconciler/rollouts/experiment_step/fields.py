"""The `experiment` step as its users write it, and what is wrong with it (spec rollouts §1.6, §1.9)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.analysis.model import Argument, DryRun, RunMetadata
from reconciler.experiments.model import TemplateService
from reconciler.kube.durations import is_duration
from reconciler.rollouts import defaults
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.strategy_model import Canary
from reconciler.rollouts.traffic import routers
from reconciler.rollouts.traffic.routers.contract import EXPERIMENT_SHARES
from reconciler.rollouts.validation.analysis import analysis_problems
from reconciler.workloads.field_errors import invalid, repeated, required
from reconciler.workloads.parts import Json, Part
from reconciler.workloads.selectors import Selector

_REFERENCES = ("canary", "stable")


class StepTemplate(Part, frozen=True):
    """A copy of the canary or of the stable version; `weight` is its share of the traffic."""

    name: str = ""
    spec_ref: str = ""
    replicas: int | None = None
    metadata: RunMetadata = RunMetadata()
    selector: Selector | None = None
    weight: int | None = None
    service: TemplateService | None = None


class StepAnalysis(Part, frozen=True):
    name: str = ""
    template_name: str = ""
    cluster_scope: bool = False
    args: tuple[Argument, ...] = ()
    required_for_completion: bool = False

    @property
    def as_analysis(self) -> Json:
        """In the form of the other analyses of a Rollout."""
        reference = {"templateName": self.template_name, "clusterScope": self.cluster_scope}
        return {"templates": [reference], "args": msgspec.to_builtins(self.args)}


class ExperimentStep(Part, frozen=True):
    templates: tuple[StepTemplate, ...] = ()
    duration: str = ""
    analyses: tuple[StepAnalysis, ...] = ()
    dry_run: tuple[DryRun, ...] = ()
    analysis_run_metadata: RunMetadata = RunMetadata()
    scale_down_delay_seconds: int | None = None


def read(step: Step | None) -> ExperimentStep | None:
    """None for any other step, and for one that cannot be read, of which `problems` says why."""
    try:
        return _convert(step) if step else None
    except msgspec.ValidationError:
        return None


def problems(canary: Canary, step: Step, weight: int, path: str) -> Iterator[str]:
    """`weight` is what the canary gets when this step begins."""
    try:
        found = _convert(step)
    except msgspec.ValidationError as error:
        yield f"{path}: Invalid value: it cannot be read: {error}"
        return
    if found is None:
        return
    if not found.templates:
        yield required(f"{path}.templates", "an experiment runs at least one template")
    yield from repeated(f"{path}.templates", [each.name for each in found.templates])
    yield from repeated(f"{path}.analyses", [each.name for each in found.analyses])
    for index, template in enumerate(found.templates):
        yield from _template(template, f"{path}.templates[{index}]")
    yield from _weights(canary, found, weight, path)
    for index, analysis in enumerate(found.analyses):
        yield from _analysis(analysis, f"{path}.analyses[{index}]")
    yield from _times(found, path)


def _convert(step: Step) -> ExperimentStep | None:
    return msgspec.convert(step.experiment, ExperimentStep) if step.experiment is not None else None


def _template(template: StepTemplate, path: str) -> Iterator[str]:
    if not template.name:
        yield required(f"{path}.name", "the ReplicaSet is named after it")
    if template.spec_ref not in _REFERENCES:
        yield invalid(f"{path}.specRef", template.spec_ref, f"must be {' or '.join(_REFERENCES)}")
    if (template.replicas or 0) < 0:
        yield invalid(f"{path}.replicas", template.replicas, "must not be below 0")
    if (template.weight or 0) < 0:
        yield invalid(f"{path}.weight", template.weight, "must not be below 0")


def _weights(canary: Canary, step: ExperimentStep, weight: int, path: str) -> Iterator[str]:
    """Shares of the traffic need a router that can split it in more than two."""
    wanted = [each.weight for each in step.templates if each.weight is not None]
    if not wanted:
        return
    routing = canary.traffic_routing
    if routing is None or not routers.able(routing, EXPERIMENT_SHARES):
        yield invalid(f"{path}.templates", wanted, "a weight needs trafficRouting that can give it, such as traefik")
    most = defaults.max_weight(canary)
    if weight + sum(wanted) > most:
        detail = f"with the canary's {weight} these weights are more than {most}"
        yield invalid(f"{path}.templates", wanted, detail)


def _analysis(analysis: StepAnalysis, path: str) -> Iterator[str]:
    if not analysis.name:
        yield required(f"{path}.name", "the AnalysisRun is named after it")
    if not analysis.template_name:
        yield required(f"{path}.templateName", "name an AnalysisTemplate")
    yield from analysis_problems(analysis.as_analysis, path)


def _times(step: ExperimentStep, path: str) -> Iterator[str]:
    if step.duration and not is_duration(step.duration):
        yield invalid(f"{path}.duration", step.duration, "must be a duration such as 5m or 1h30m, not below 0")
    if not step.duration and not any(each.required_for_completion for each in step.analyses):
        detail = "without it only an analysis with requiredForCompletion can end the step, and there is none"
        yield required(f"{path}.duration", detail)
    if (step.scale_down_delay_seconds or 0) < 0:
        yield invalid(f"{path}.scaleDownDelaySeconds", step.scale_down_delay_seconds, "must not be below 0")
