"""What a decision sees: one Experiment with everything around it, as it was at one instant."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

import msgspec

from reconciler.analysis.model import AnalysisRun
from reconciler.experiments import phases
from reconciler.experiments.model import Experiment, ExperimentSpec, ExperimentStatus, Template, ends_at
from reconciler.experiments.ports import Analyses
from reconciler.kube.objects import EXPERIMENTS, Meta
from reconciler.workloads import keys
from reconciler.workloads.parts import Json
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.times import readable


class Reader(Protocol):
    """What can be asked about the surroundings of one Experiment; answered from memory."""

    def replica_sets(self, experiment: Experiment) -> Iterable[ReplicaSet]:
        """Those whose controller has the Experiment's uid."""
        ...

    def replica_set(self, namespace: str, name: str) -> ReplicaSet | None: ...

    def services(self, experiment: Experiment) -> Iterable[Meta]:
        """Services whose controller has the Experiment's uid."""
        ...

    def service(self, namespace: str, name: str) -> Meta | None: ...

    def runs(self, experiment: Experiment) -> Iterable[AnalysisRun]:
        """AnalysisRuns whose controller has the Experiment's uid."""
        ...

    def run(self, namespace: str, name: str) -> AnalysisRun | None: ...


@dataclass(frozen=True)
class World:
    """`status` starts as it is stored and is carried from part to part of a decision.

    `replica_sets` are the Experiment's own, by template. `strangers`: names of ReplicaSets and Services that it would
    use and that belong to others, by kind. `runs` by name: its own, and those of others that have a name of ours.
    """

    experiment: Experiment
    status: ExperimentStatus
    analyses: Analyses
    replica_sets: Mapping[str, ReplicaSet]
    services: Mapping[str, Meta]
    runs: Mapping[str, AnalysisRun]
    strangers: frozenset[tuple[str, str]] = frozenset()

    @property
    def spec(self) -> ExperimentSpec:
        return self.experiment.spec

    @property
    def ending(self) -> bool:
        return phases.ending(self.spec, self.status)

    @property
    def ends_at(self) -> datetime | None:
        return ends_at(self.spec, self.status)

    def over(self, now: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= now

    def with_status(self, **changes: Any) -> World:
        return replace(self, status=msgspec.structs.replace(self.status, **changes))


def observe(experiment: Experiment, reader: Reader, analyses: Analyses) -> World:
    """The world of one Experiment now."""
    own = {rs.metadata.annotations.get(keys.EXPERIMENT_TEMPLATE, ""): rs for rs in reader.replica_sets(experiment)}
    return World(
        experiment=experiment,
        status=_readable(experiment.status),
        analyses=analyses,
        replica_sets=own,
        services={meta.name: meta for meta in reader.services(experiment)},
        runs={run.metadata.name: run for run in (*reader.runs(experiment), *_namesakes(experiment, reader))},
        strangers=frozenset(_strangers(experiment, reader)),
    )


def _readable(status: ExperimentStatus) -> ExperimentStatus:
    """Without times that are none; they are written anew."""
    templates = tuple(
        msgspec.structs.replace(each, last_transition_time=readable(each.last_transition_time))
        for each in status.template_statuses
    )
    return msgspec.structs.replace(status, available_at=readable(status.available_at), template_statuses=templates)


def replica_set_name(experiment: Experiment, template: Template, collisions: int | None) -> str:
    """`<experiment>-<template>`, with a number once that name was found taken."""
    name = f"{experiment.metadata.name}-{template.name}"
    return f"{name}-{collisions}" if collisions else name


def service_name(template: Template, replica_set_name: str) -> str:
    """Empty for a template without a Service."""
    return (template.service.name or replica_set_name) if template.service else ""


def run_name(experiment: Experiment, analysis: str) -> str:
    return f"{experiment.metadata.name}-{analysis}"


def owner_reference(experiment: Experiment) -> Json:
    return {
        "apiVersion": EXPERIMENTS.api_version,
        "kind": EXPERIMENTS.kind,
        "name": experiment.metadata.name,
        "uid": experiment.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _namesakes(experiment: Experiment, reader: Reader) -> Iterator[AnalysisRun]:
    namespace = experiment.metadata.namespace
    for analysis in experiment.spec.analyses:
        wanted = run_name(experiment, analysis.name)
        for attempt in itertools.count():
            found = reader.run(namespace, f"{wanted}.{attempt}" if attempt else wanted)
            if found is None:
                break
            yield found


def _strangers(experiment: Experiment, reader: Reader) -> Iterator[tuple[str, str]]:
    namespace, uid = experiment.metadata.namespace, experiment.metadata.uid
    for template in experiment.spec.templates:
        collisions = experiment.status.template(template.name).collision_count
        name = replica_set_name(experiment, template, collisions)
        rs = reader.replica_set(namespace, name)
        service = reader.service(namespace, service_name(template, name)) if template.service else None
        for kind, meta in (("ReplicaSet", rs.metadata if rs else None), ("Service", service)):
            if meta and not (meta.controller and meta.controller.uid == uid):
                yield kind, meta.name
