"""What the rollouts engine asks about analysis, answered from the templates that are in the cluster now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from reconciler.analysis import arguments, build, validate
from reconciler.analysis.build_owned import build_owned_run
from reconciler.analysis.metric import Metric
from reconciler.analysis.model import (
    AnalysisRun,
    AnalysisTemplate,
    Argument,
    RolloutAnalysis,
    RolloutRunKind,
    RunSpec,
)
from reconciler.analysis.templates import Flat, TemplateLookup, flatten
from reconciler.errors import Problem, UserError
from reconciler.kube.api import Object
from reconciler.kube.objects import Meta
from reconciler.kube.store import Store


def from_stores(
    templates: Store[AnalysisTemplate], cluster_templates: Store[AnalysisTemplate]
) -> Callable[[str], TemplateLookup]:
    """Looks templates up where informers keep them."""

    def in_namespace(namespace: str) -> TemplateLookup:
        def lookup(name: str, cluster_scope: bool) -> AnalysisTemplate | None:
            return cluster_templates.get("", name) if cluster_scope else templates.get(namespace, name)

        return lookup

    return in_namespace


class Catalog:
    """`templates(namespace)` gives the lookup of that namespace; pure over what it finds."""

    def __init__(self, templates: Callable[[str], TemplateLookup], instance_id: str = "") -> None:
        self._templates, self._instance_id = templates, instance_id

    def problems(self, namespace: str, analysis: Object, kind: RolloutRunKind) -> Sequence[str]:
        """All that is wrong with the templates that an `analysis` names, and with its arguments.

        What depends on the Rollout's fields is only known when a run is built.
        """
        try:
            wanted = msgspec.convert(analysis, RolloutAnalysis)
        except msgspec.ValidationError as error:
            return (f"{kind} analysis: {error}",)
        flat, problems = flatten(wanted.templates, self._templates(namespace))
        args, unresolved = arguments.merge(wanted.args, flat.spec.args)
        problems += unresolved
        if not problems:
            known = all(arg.value is not None for arg in args)
            problems += _run_problems(flat, wanted, args, kind) if known else _surely_endless(flat.spec.metrics, kind)
        return tuple(map(str, problems))

    def build(
        self,
        *,
        rollout: Object,
        analysis: Object,
        kind: RolloutRunKind,
        step_index: int | None,
        stable_hash: str,
        latest_hash: str,
        revision: int,
    ) -> Object:
        """The AnalysisRun to create (spec rollouts §7.2). Raises UserError with all problems."""
        return build.build_run(
            rollout=rollout,
            templates=self._templates(rollout["metadata"]["namespace"]),
            analysis=analysis,
            kind=kind,
            step_index=step_index,
            stable_hash=stable_hash,
            latest_hash=latest_hash,
            revision=revision,
            instance_id=self._instance_id,
        )

    def resolve(
        self, *, rollout: Object, args: Sequence[Object], stable_hash: str, latest_hash: str
    ) -> Sequence[Object]:
        """The arguments of an experiment's analysis with what they take from the Rollout. Raises UserError."""
        wanted = msgspec.convert(list(args), list[Argument])
        found, problems = arguments.from_rollout(wanted, rollout, stable_hash, latest_hash)
        if problems:
            raise UserError(problems)
        return [msgspec.to_builtins(each) for each in found]

    def template_problems(self, namespace: str, wanted: RolloutAnalysis) -> Sequence[str]:
        """What is wrong with the templates themselves and with what they are given."""
        flat, problems = flatten(wanted.templates, self._templates(namespace))
        return tuple(map(str, problems + arguments.merge(wanted.args, flat.spec.args)[1]))

    def build_owned(self, *, name: str, namespace: str, owner: Object, wanted: RolloutAnalysis) -> Object:
        """The AnalysisRun of an owner that is no Rollout. Raises UserError with all problems."""
        return build_owned_run(
            name=name,
            namespace=namespace,
            owner=owner,
            wanted=wanted,
            templates=self._templates(namespace),
            instance_id=self._instance_id,
        )

    def settle(self, run: Object, existing: Callable[[str], AnalysisRun | None]) -> tuple[Object, bool]:
        """The run under a free name; True when an equal unfinished run exists and is to be used instead."""
        return build.settle_name(run, existing)


def _run_problems(
    flat: Flat, wanted: RolloutAnalysis, args: Sequence[Argument], kind: RolloutRunKind
) -> Sequence[Problem]:
    """What the engine would refuse about the run that comes of it."""
    spec = RunSpec(
        metrics=flat.spec.metrics,
        dry_run=wanted.dry_run + flat.spec.dry_run,
        measurement_retention=wanted.measurement_retention + flat.spec.measurement_retention,
    )
    run = AnalysisRun(metadata=Meta(annotations=flat.annotations), spec=spec)
    try:
        metrics = validate.metrics(run, validate.plain_values(args))
    except UserError as error:
        return error.problems
    return [problem for metric in metrics for problem in _endless(metric, kind)]


def _endless(metric: Metric, kind: RolloutRunKind) -> list[Problem]:
    return [] if kind == "Background" or metric.count else [_for_ever(metric.name)]


def _surely_endless(metrics: Sequence[Object], kind: RolloutRunKind) -> list[Problem]:
    """Those that are, whatever the arguments will be that are known only when a run begins."""
    lasting = (metric for metric in metrics if metric.get("interval") and not metric.get("count"))
    return [] if kind == "Background" else [_for_ever(str(metric.get("name", ""))) for metric in lasting]


def _for_ever(metric: str) -> Problem:
    """A rollout waits for every analysis but the background one: it has to end by itself (spec rollouts §1.9)."""
    return Problem(
        f'metric "{metric}" runs for ever: it has an interval but no count',
        "give it a count, or use the template as background analysis",
    )
