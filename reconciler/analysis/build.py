"""From the templates that a Rollout names to the AnalysisRun that is created for it (spec rollouts §7.2). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from reconciler.analysis import arguments
from reconciler.analysis.model import (
    HASH_LABEL,
    REVISION_ANNOTATION,
    STEP_LABEL,
    TYPE_LABEL,
    AnalysisRun,
    Argument,
    RolloutAnalysis,
    RolloutRunKind,
    RunSpec,
)
from reconciler.analysis.templates import TemplateLookup, flatten
from reconciler.errors import Problem, UserError
from reconciler.kube import instances
from reconciler.kube.api import Object
from reconciler.kube.objects import ANALYSIS_RUNS, ROLLOUTS

_NAME_SUFFIXES = {
    "Background": "",
    "PrePromotion": "-pre",
    "PostPromotion": "-post",
    "Bake": "-bake",
    "FirstDeploy": "-first",
}


def build_run(
    *,
    rollout: Object,
    templates: TemplateLookup,
    analysis: Object,
    kind: RolloutRunKind,
    step_index: int | None,
    stable_hash: str,
    latest_hash: str,
    revision: int,
    instance_id: str = "",
) -> Object:
    """The AnalysisRun to create, before `settle_name`. `rollout` is the whole object as JSON (fieldRef reads from it).

    Raises UserError with every problem of templates and arguments.
    """
    wanted = _decode(analysis)
    given, unreadable = arguments.from_rollout(wanted.args, rollout, stable_hash, latest_hash)
    spec, inherited = run_spec(wanted, given, templates, unreadable)
    spec = _with_fields(spec, rollout, stable_hash, latest_hash)
    return {
        "apiVersion": ANALYSIS_RUNS.api_version,
        "kind": ANALYSIS_RUNS.kind,
        "metadata": {
            "name": _name(rollout, kind, step_index, latest_hash, revision),
            "namespace": rollout["metadata"]["namespace"],
            "labels": _labels(rollout, kind, step_index, latest_hash, instance_id, wanted.analysis_run_metadata.labels),
            "annotations": {
                **inherited,
                REVISION_ANNOTATION: str(revision),
                **wanted.analysis_run_metadata.annotations,
            },
            "ownerReferences": [_owner(rollout)],
        },
        "spec": msgspec.to_builtins(spec),
    }


def run_spec(
    wanted: RolloutAnalysis, given: Iterable[Argument], templates: TemplateLookup, unreadable: Sequence[Problem] = ()
) -> tuple[RunSpec, dict[str, str]]:
    """What the run measures, and the annotations that it inherits. Raises UserError, with what is `unreadable`, too."""
    flat, problems = flatten(wanted.templates, templates)
    args, unresolved = arguments.merge(given, flat.spec.args)
    if problems := [*problems, *unreadable, *unresolved]:
        raise UserError(problems)
    spec = RunSpec(
        metrics=flat.spec.metrics,
        args=args,
        dry_run=wanted.dry_run + flat.spec.dry_run,
        measurement_retention=wanted.measurement_retention + flat.spec.measurement_retention,
    )
    return spec, flat.annotations


def settle_name(run: Object, existing: Callable[[str], AnalysisRun | None]) -> tuple[Object, bool]:
    """The run under a free name (`.1`, `.2` … appended), or under that of an equal unfinished run of the same owner.

    The second value says whether that run exists already and is to be used instead of creating one.
    """
    wanted = run["metadata"]["name"]
    name, attempt = wanted, 0
    while (other := existing(name)) is not None:
        if _same(run, other):
            return _named(run, name), True
        attempt += 1
        name = f"{wanted}.{attempt}"
    return _named(run, name), False


def _with_fields(spec: RunSpec, rollout: Object, stable_hash: str, latest_hash: str) -> RunSpec:
    """With what templates themselves ask of the Rollout, which nobody could tell the run later. Raises UserError."""
    args, problems = arguments.from_rollout(spec.args, rollout, stable_hash, latest_hash)
    if problems:
        raise UserError(problems)
    return msgspec.structs.replace(spec, args=tuple(args))


def _decode(analysis: Object) -> RolloutAnalysis:
    try:
        return msgspec.convert(analysis, RolloutAnalysis)
    except msgspec.ValidationError as error:
        raise UserError(Problem(f"analysis: {error}")) from None


def _name(rollout: Object, kind: RolloutRunKind, step_index: int | None, pod_hash: str, revision: int) -> str:
    suffix = f"-{step_index}" if kind == "Step" else _NAME_SUFFIXES[kind]
    return f"{rollout['metadata']['name']}-{pod_hash}-{revision}{suffix}"


def _labels(
    rollout: Object,
    kind: RolloutRunKind,
    step_index: int | None,
    pod_hash: str,
    instance_id: str,
    extra: dict[str, str],
) -> dict[str, str]:
    labels = {HASH_LABEL: pod_hash, TYPE_LABEL: kind}
    if step_index is not None:
        labels[STEP_LABEL] = str(step_index)
    if instance_id:
        labels[instances.LABEL] = instance_id
    selector: dict[str, str] = rollout.get("spec", {}).get("selector", {}).get("matchLabels") or {}
    return labels | extra | selector


def _owner(rollout: Object) -> Object:
    return {
        "apiVersion": ROLLOUTS.api_version,
        "kind": ROLLOUTS.kind,
        "name": rollout["metadata"]["name"],
        "uid": rollout["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _named(run: Object, name: str) -> Object:
    return {**run, "metadata": {**run["metadata"], "name": name}}


def _same(run: Object, other: AnalysisRun) -> bool:
    owner = other.metadata.controller
    return (
        owner is not None
        and owner.uid == run["metadata"]["ownerReferences"][0]["uid"]
        and not other.status.phase.complete
        and _compared(run["spec"]) == _compared(msgspec.to_builtins(other.spec))
    )


def _compared(spec: Object) -> list[Any]:
    return [list(spec.get(field, ())) for field in ("metrics", "dryRun", "measurementRetention", "args")]
