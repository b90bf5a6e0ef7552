"""What a plan is made of: Rollouts and the analysis templates that they name, from files or from the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import msgspec
import orjson

from reconciler.analysis.arguments import substitute
from reconciler.analysis.metric import Metric, read_metric
from reconciler.analysis.model import AnalysisTemplate, RolloutAnalysis, RolloutRunKind, TemplateSpec, decode_template
from reconciler.analysis.templates import flatten
from reconciler.cli.checks import reading
from reconciler.cli.rollouts.autoscaled import scaled
from reconciler.errors import NotFound, Problem, UserError
from reconciler.kube.api import Cluster, Object
from reconciler.kube.objects import ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, ROLLOUTS, SCALERS
from reconciler.rollouts.model import decode_rollout
from reconciler.rollouts.planning.measuring import Measuring
from reconciler.rollouts.planning.plan import Failure, Plan, plan
from reconciler.rollouts.planning.warnings import warnings
from reconciler.rollouts.workload import inlined

_TIMES = ("name", "interval", "initialDelay", "count")
_TEMPLATES = ("AnalysisTemplate", "ClusterAnalysisTemplate")


@dataclass(frozen=True, slots=True)
class Shown:
    """`open_ended`: an analysis takes longer than the plan could find out."""

    plan: Plan
    warnings: tuple[str, ...]
    open_ended: bool = False


@dataclass(frozen=True, slots=True)
class Material:
    """`templates` by (name, cluster scope). `notes`: what to know about a Rollout beside what the plan shows.

    `hint`: what says more about a Rollout that the engine refuses.
    """

    rollouts: tuple[Object, ...]
    templates: Mapping[tuple[str, bool], AnalysisTemplate]
    notes: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""

    def plans(self, starting: timedelta, failure: Failure | None = None) -> list[Shown]:
        """One per Rollout. Raises `UserError` for one that the engine refuses."""
        try:
            return [self._plan(rollout, starting, failure) for rollout in self.rollouts]
        except UserError as error:
            raise UserError([replace(problem, fix=problem.fix or self.hint) for problem in error.problems]) from None

    def sized(self, replicas: int) -> Material:
        """The same with so many pods of each."""
        rollouts = tuple({**each, "spec": {**(each.get("spec") or {}), "replicas": replicas}} for each in self.rollouts)
        return replace(self, rollouts=rollouts, notes={})

    def _plan(self, rollout: Object, starting: timedelta, failure: Failure | None) -> Shown:
        measured = _Measured(self.templates)
        planned = plan(rollout, measured.measuring, starting=starting, failure=failure)
        said = _missed(failure, planned) if failure else warnings(decode_rollout(orjson.dumps(rollout)), planned)
        noted = filter(None, (self.notes.get(planned.name),))
        return Shown(planned, (*noted, *said, *dict.fromkeys(measured.warnings)), bool(measured.warnings))


def _missed(failure: Failure, planned: Plan) -> tuple[str, ...]:
    """Why nothing went wrong although it should: who reads only the end would take the update for safe."""
    if planned.rows[-1].text == "stuck":
        act = f"until somebody runs `reconciler rollouts abort {planned.name}`"
        return (f"it stays like this {act}; with progressDeadlineAbort the engine does so itself",)
    if planned.outcome != "Healthy":
        return ()
    if failure.abort_at:
        steps = sum(1 for row in planned.rows if row.number)
        return (f"nothing went wrong: the update has {steps} steps, so nobody aborts in step {failure.abort_at}",)
    return ("nothing went wrong: no analysis runs at that time or later",)


def from_files(path: Path) -> Material:
    """Raises `UserError` when something cannot be read, or nothing in it is a Rollout."""
    made = reading.read(path)
    if made.problems:
        raise UserError(made.problems)
    manifests = [item.manifest for item in made.items]
    rollouts = tuple(found for found in manifests if _is(found, ROLLOUTS.kind))
    if not rollouts:
        nothing = Problem(f"there is no Rollout in {path}", "name a manifest or directory that has one")
        raise UserError([*made.warnings, nothing])
    templates = [found for kind in _TEMPLATES for found in manifests if _is(found, kind)]
    _refuse_without_fields(rollouts)
    rollouts = tuple(inlined(rollout, _holder(rollout, manifests)) for rollout in rollouts)
    scalers = [found for found in manifests if found.get("kind") == SCALERS.kind]
    sized = [scaled(rollout, scalers) for rollout in rollouts]
    notes = {rollout["metadata"]["name"]: note for rollout, note in sized if note}
    known = {_key(found): _decoded(found) for found in templates}
    return Material(tuple(each for each, _ in sized), known, notes, f"`reconciler lint {path}` says in which line")


def from_cluster(cluster: Cluster, namespace: str, name: str) -> Material:
    """Raises `UserError` when there is no Rollout of that name."""
    from reconciler.cli.rollouts.acting import template_holder
    from reconciler.cli.rollouts.reading import rollout_object

    rollout = rollout_object(cluster, namespace, name)
    found: list[Object] = []
    rollout = inlined(rollout, template_holder(cluster, rollout)[1])
    for resource, where in ((ANALYSIS_TEMPLATES, namespace), (CLUSTER_ANALYSIS_TEMPLATES, None)):
        try:
            found += cluster.list(resource, where)
        except NotFound:  # analysis is not installed
            continue
    return Material((rollout,), {_key(each): _decoded(each) for each in found})


_WORDS: Mapping[str, str] = {"Background": "background", "Bake": "bake", "FirstDeploy": "first deploy"}
_ENDED_BY_ROLLOUTS = ("Background", "Bake")
"""Kinds of runs that the update ends when it is over, or a bake when its time is."""


@dataclass(slots=True)
class _Measured:
    """How long analyses take by their templates, and what that leaves open."""

    templates: Mapping[tuple[str, bool], AnalysisTemplate]
    warnings: list[str] = field(default_factory=list)

    def measuring(self, analysis: Object, kind: RolloutRunKind) -> Measuring:
        wanted = msgspec.convert(analysis, RolloutAnalysis)  # checked by the plan
        names = ", ".join(reference.template_name for reference in wanted.templates)
        flat, problems = flatten(wanted.templates, lambda name, scope: self.templates.get((name, scope)))
        if problems:
            for problem in problems:
                self._unknown(problem.what)
            return Measuring(names, None if kind in _ENDED_BY_ROLLOUTS else timedelta())
        given = {arg.name: arg.value for arg in (*flat.spec.args, *wanted.args) if arg.value is not None}
        lasts, count = self._lasts(flat.spec, given, kind)
        text = f"{names} ({count}×)" if count else names
        return Measuring(f"{text} ({_WORDS[kind]})" if kind in _WORDS else text, lasts)

    def _lasts(self, spec: TemplateSpec, given: Mapping[str, str], kind: str) -> tuple[timedelta | None, int]:
        """As long as the longest metric; with the number of its measurements."""
        longest, count = timedelta(), 0
        for raw in spec.metrics:
            metric = self._metric(raw, given)
            if metric is None:
                continue
            if not metric.count:
                if kind in _ENDED_BY_ROLLOUTS:
                    return None, 0
                name = metric.name
                self.warnings.append(
                    f'metric "{name}" has an interval but no count: a step cannot wait for it, so it is refused'
                )
                continue
            taken = (metric.initial_delay or timedelta()) + (metric.count - 1) * (metric.interval or timedelta())
            longest, count = max((longest, count), (taken, metric.count))
        return longest, count

    def _metric(self, raw: Object, given: Mapping[str, str]) -> Metric | None:
        """The metric's times; None when they depend on an argument that only the cluster knows."""
        times = {key: raw[key] for key in _TIMES if key in raw}
        try:
            return read_metric(substitute(times, given), "metric")[0]
        except UserError as error:
            self._unknown(f'metric "{raw.get("name")}": {error}')
            return None

    def _unknown(self, what: str) -> None:
        self.warnings.append(f"{what}: how long its analysis takes is unknown")


def _is(manifest: Object, kind: str) -> bool:
    return manifest.get("kind") == kind and str(manifest.get("apiVersion", "")).startswith(f"{ROLLOUTS.group}/")


def _refuse_without_fields(rollouts: tuple[Object, ...]) -> None:
    """What is no object at all cannot be looked into to say more."""
    wrong = [each["metadata"]["name"] for each in rollouts if not isinstance(each.get("spec") or {}, dict)]
    if wrong:
        fix = "give it a selector, a template and a strategy"
        raise UserError([Problem(f"{name}: spec: Invalid value: it has no fields", fix) for name in wrong])


def _holder(rollout: Object, manifests: list[Object]) -> Object | None:
    """The object of the same files whose template a Rollout takes. Raises `UserError` when there is none."""
    reference = (rollout.get("spec") or {}).get("workloadRef")
    if not reference:
        return None
    wanted = (reference.get("kind"), reference.get("name"))
    for found in manifests:
        if wanted == (found.get("kind"), (found.get("metadata") or {}).get("name")):
            return found
    what = f"{rollout['metadata']['name']} takes its template from {wanted[0]} {wanted[1]}, which is not in these files"
    raise UserError(Problem(what, "name the directory that has both"))


def _key(manifest: Object) -> tuple[str, bool]:
    return str(manifest["metadata"]["name"]), manifest.get("kind") == _TEMPLATES[1]


def _decoded(manifest: Object) -> AnalysisTemplate:
    try:
        return decode_template(orjson.dumps(manifest))
    except msgspec.ValidationError as error:
        raise UserError(f"{manifest.get('kind')} {_key(manifest)[0]}: {error}") from None
