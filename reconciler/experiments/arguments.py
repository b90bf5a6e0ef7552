"""Placeholders in the arguments of an Experiment's analyses (spec rollouts §9). Pure.

`{{templates.NAME.podTemplateHash}}`, `{{templates.NAME.replicaset.name}}`, `{{experiment.availableAt}}` and, when there
is a duration, `{{experiment.finishedAt}}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from reconciler.analysis.model import Argument
from reconciler.experiments.model import Analysis, ExperimentSpec
from reconciler.kube.durations import parse_go_duration
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.times import moment, stamp

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_AVAILABLE, _FINISHED = "experiment.availableAt", "experiment.finishedAt"


def known(spec: ExperimentSpec) -> tuple[str, ...]:
    """The placeholders that this Experiment can fill in."""
    of_templates = dict.fromkeys(name for each in spec.templates for name in _names(each.name))
    return (*of_templates, _AVAILABLE, *((_FINISHED,) if spec.duration else ()))


def unknown(spec: ExperimentSpec, text: str) -> list[str]:
    """Placeholders that nothing will ever fill in."""
    return [name for name in _PLACEHOLDER.findall(text) if name not in known(spec)]


def resolve(
    analysis: Analysis, spec: ExperimentSpec, replica_sets: Mapping[str, ReplicaSet], available_at: str
) -> tuple[Argument, ...]:
    """The arguments with all placeholders filled in; `replica_sets` by template."""
    values = dict(_values(spec, replica_sets, available_at))
    return tuple(
        msgspec.structs.replace(arg, value=_PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), arg.value))
        if arg.value
        else arg
        for arg in analysis.args
    )


def _values(
    spec: ExperimentSpec, replica_sets: Mapping[str, ReplicaSet], available_at: str
) -> Iterator[tuple[str, str]]:
    for template, found in replica_sets.items():
        yield from zip(_names(template), (found.hash, found.name), strict=True)
    yield _AVAILABLE, available_at
    if spec.duration:
        yield _FINISHED, stamp(moment(available_at) + parse_go_duration(spec.duration))


def _names(template: str) -> tuple[str, str]:
    return f"templates.{template}.podTemplateHash", f"templates.{template}.replicaset.name"
