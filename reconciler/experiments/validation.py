"""What is wrong with an Experiment by itself: every error, by field (spec rollouts §9)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.experiments import arguments
from reconciler.experiments.model import Experiment, Template
from reconciler.kube.durations import is_duration
from reconciler.workloads import podrules, selectors
from reconciler.workloads.field_errors import invalid, repeated, required
from reconciler.workloads.template_hash import misfits


def problems(experiment: Experiment) -> list[str]:
    """All of them, in the order of the fields."""
    if experiment.malformed:
        return [f"spec: Invalid value: it cannot be read: {experiment.malformed}"]
    return [*_templates(experiment), *_times(experiment), *_analyses(experiment)]


def _templates(experiment: Experiment) -> Iterator[str]:
    templates = experiment.spec.templates
    if not templates:
        yield required("spec.templates", "an Experiment runs at least one template")
    yield from repeated("spec.templates", (each.name for each in templates))
    for index, template in enumerate(templates):
        yield from _template(template, f"spec.templates[{index}]", experiment.spec.deadline_seconds)


def _template(template: Template, path: str, deadline_seconds: int) -> Iterator[str]:
    if not template.name:
        yield required(f"{path}.name", "ReplicaSet and statuses are named after it")
    if template.size < 0:
        yield invalid(f"{path}.replicas", template.replicas, "must not be below 0")
    if template.min_ready_seconds < 0:
        yield invalid(f"{path}.minReadySeconds", template.min_ready_seconds, "must not be below 0")
    if template.min_ready_seconds > deadline_seconds:
        detail = f"must not be above progressDeadlineSeconds ({deadline_seconds}): no pod would ever be in time"
        yield invalid(f"{path}.minReadySeconds", template.min_ready_seconds, detail)
    yield from _selection(template, path)


def _selection(template: Template, path: str) -> Iterator[str]:
    selector, pod = template.selector, template.template
    if selector is None or not (selector.match_labels or selector.match_expressions):
        yield required(f"{path}.selector", "a selector that matches the template's labels")
    if not pod:
        yield required(f"{path}.template", "the pods to run")
        return
    if wrong := misfits(pod):
        yield from (f"{path}.template.{each.path}: Invalid value: {each.why}" for each in wrong)
        return
    labels = (pod.get("metadata") or {}).get("labels") or {}
    if selector and selector.match_labels and not selectors.matches(selector, labels):
        yield invalid(f"{path}.template.metadata.labels", labels, "the selector does not match these labels")
    yield from podrules.problems(pod, f"{path}.template")


def _times(experiment: Experiment) -> Iterator[str]:
    spec = experiment.spec
    if spec.duration and not is_duration(spec.duration):
        yield invalid("spec.duration", spec.duration, "must be a duration such as 5m or 1h30m, not below 0")
    if spec.deadline_seconds <= 0:
        yield invalid("spec.progressDeadlineSeconds", spec.progress_deadline_seconds, "must be above 0")
    if spec.delay_seconds < 0:
        yield invalid("spec.scaleDownDelaySeconds", spec.scale_down_delay_seconds, "must not be below 0")


def _analyses(experiment: Experiment) -> Iterator[str]:
    analyses = experiment.spec.analyses
    yield from repeated("spec.analyses", (each.name for each in analyses))
    for index, analysis in enumerate(analyses):
        path = f"spec.analyses[{index}]"
        if not analysis.name:
            yield required(f"{path}.name", "the AnalysisRun is named after it")
        if not analysis.template_name:
            yield required(f"{path}.templateName", "name an AnalysisTemplate")
        for place, arg in enumerate(analysis.args):
            for unknown in arguments.unknown(experiment.spec, arg.value or ""):
                known = ", ".join(arguments.known(experiment.spec))
                yield invalid(f"{path}.args[{place}].value", arg.value, f"{{{{{unknown}}}}} is not one of {known}")
