"""The Experiment that a step asks for, made from the versions of its Rollout (spec rollouts §9). Pure."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence

import msgspec

from reconciler.experiments.model import TemplateService
from reconciler.kube.api import Object
from reconciler.kube.objects import EXPERIMENTS
from reconciler.rollouts import defaults
from reconciler.rollouts.experiment_step.fields import ExperimentStep, StepAnalysis, StepTemplate
from reconciler.rollouts.revisions import owner_reference
from reconciler.rollouts.snapshot import World
from reconciler.workloads import keys
from reconciler.workloads.parts import Json
from reconciler.workloads.replica_set import ReplicaSet


def name_of(world: World) -> str:
    """`<rollout>-<hash>-<revision>-<step>`, before it is settled."""
    return f"{world.rollout.metadata.name}-{world.pod_hash}-{world.revision}-{world.step_index}"


def names(world: World) -> Iterator[str]:
    """The names that it may get, in the order in which they are tried."""
    wanted = name_of(world)
    yield wanted
    yield from (f"{wanted}-{attempt}" for attempt in itertools.count(1))


def body(world: World, step: ExperimentStep, args: Sequence[Sequence[Json]]) -> Object:
    """The Experiment to create. There are both versions; `args` are those of the analyses, read from the Rollout."""
    meta = world.rollout.metadata
    spec: Json = {
        "templates": [_template(world, each) for each in step.templates],
        "progressDeadlineSeconds": defaults.progress_deadline_seconds(world.rollout.spec),
    }
    if step.duration:
        spec["duration"] = step.duration
    if step.analyses:
        spec["analyses"] = [_analysis(each, given) for each, given in zip(step.analyses, args, strict=True)]
    if step.dry_run:
        spec["dryRun"] = msgspec.to_builtins(step.dry_run)
    if metadata := msgspec.to_builtins(step.analysis_run_metadata):
        spec["analysisRunMetadata"] = metadata
    if step.scale_down_delay_seconds is not None:
        spec["scaleDownDelaySeconds"] = step.scale_down_delay_seconds
    return {
        "apiVersion": EXPERIMENTS.api_version,
        "kind": EXPERIMENTS.kind,
        "metadata": {
            "name": name_of(world),
            "namespace": meta.namespace,
            "labels": {**meta.labels, keys.HASH: world.pod_hash},
            "annotations": {keys.REVISION: str(world.revision)},
            "ownerReferences": [owner_reference(world.rollout)],
        },
        "spec": spec,
    }


def _template(world: World, wanted: StepTemplate) -> Json:
    source = world.new if wanted.spec_ref == "canary" else world.stable
    assert source is not None  # the caller has made sure of it
    made: Json = {
        "name": wanted.name,
        "minReadySeconds": world.rollout.spec.min_ready_seconds,
        "selector": _selector(wanted, source),
        "template": _pods(wanted, source),
    }
    if wanted.replicas is not None:
        made["replicas"] = wanted.replicas
    if wanted.service is not None or wanted.weight is not None:
        made["service"] = msgspec.to_builtins(wanted.service or TemplateService())
    return made


def _pods(wanted: StepTemplate, source: ReplicaSet) -> Json:
    pods = copy.deepcopy(source.spec.template)
    metadata = pods.get("metadata") or {}
    metadata["labels"] = {**(metadata.get("labels") or {}), **wanted.metadata.labels}
    if wanted.metadata.annotations:
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **wanted.metadata.annotations}
    return {**pods, "metadata": metadata}


def _selector(wanted: StepTemplate, source: ReplicaSet) -> Json:
    chosen = wanted.selector or source.spec.selector
    selector: Json = {"matchLabels": {**chosen.match_labels, **wanted.metadata.labels}}
    if chosen.match_expressions:
        selector["matchExpressions"] = list(chosen.match_expressions)
    return selector


def _analysis(wanted: StepAnalysis, args: Sequence[Json]) -> Json:
    made: Json = {"name": wanted.name, "templateName": wanted.template_name}
    if wanted.cluster_scope:
        made["clusterScope"] = True
    if args:
        made["args"] = list(args)
    if wanted.required_for_completion:
        made["requiredForCompletion"] = True
    return made
