"""From what is stored to what a decision sees: the one place that builds a `World`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import msgspec

from reconciler.analysis.model import AnalysisRun
from reconciler.experiments.model import Experiment
from reconciler.rollouts import identity, restart, workload
from reconciler.rollouts.experiment_step import body as experiment_body
from reconciler.rollouts.experiment_step import life as experiments
from reconciler.rollouts.model import Rollout, WorkloadRef
from reconciler.rollouts.owned import Pod, Routed, Service, Workload
from reconciler.rollouts.ports import Analyses, NoStepPlugins, PluginAnswers
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.strategy_model import Canary
from reconciler.rollouts.traffic import record
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.template_hash import hash_or_nothing, steps_hash
from reconciler.workloads.template_json import Misfit

_NO_PLUGINS = NoStepPlugins()


class Reader(Protocol):
    """What can be asked about the surroundings of one Rollout; answered from memory."""

    def replica_sets(self, rollout: Rollout) -> Iterable[ReplicaSet]:
        """Those whose controller has the Rollout's uid."""
        ...

    def orphans(self, namespace: str) -> Iterable[ReplicaSet]:
        """ReplicaSets without a controller."""
        ...

    def replica_set(self, namespace: str, name: str) -> ReplicaSet | None: ...

    def service(self, namespace: str, name: str) -> Service | None: ...

    def managed_services(self, namespace: str, rollout: str) -> Iterable[Service]:
        """Services whose annotation names the Rollout as their manager."""
        ...

    def routed(self, kind: str, namespace: str, name: str) -> Routed | None: ...

    def runs(self, rollout: Rollout) -> Iterable[AnalysisRun]:
        """AnalysisRuns whose controller has the Rollout's uid."""
        ...

    def experiments(self, rollout: Rollout) -> Iterable[Experiment]:
        """Experiments whose controller has the Rollout's uid."""
        ...

    def experiment(self, namespace: str, name: str) -> Experiment | None: ...

    def workload(self, namespace: str, reference: WorkloadRef) -> Workload | None:
        """The object that a `workloadRef` names."""
        ...

    def under_way(self) -> int:
        """How many Rollouts are being updated."""
        ...

    def pods(self, rollout: Rollout) -> Sequence[Pod]:
        """Asked only while a restart is under way."""
        ...


def observe(rollout: Rollout, reader: Reader, analyses: Analyses, plugins: PluginAnswers = _NO_PLUGINS) -> World:
    """The world of one Rollout now. Never raises for a malformed Rollout: validation will say what is wrong."""
    namespace, canary = rollout.metadata.namespace, rollout.spec.strategy.canary or Canary()
    reference = workload.named(rollout) if not rollout.spec.template else None
    source = reader.workload(namespace, reference) if reference else None
    rollout = workload.filled_in(rollout, source)
    spec, collisions = rollout.spec, rollout.status.collision_count
    template_hash = spec.once(("hash", collisions), lambda: hash_or_nothing(spec.template or {}, collisions))
    owned = identity.owned_by(rollout, reader.replica_sets(rollout))
    new = identity.find_new(rollout, template_hash, owned)
    services = ((name, reader.service(namespace, name)) for name in record.services(rollout))
    routed = ((key, reader.routed(key[0], namespace, key[1])) for key in record.objects(rollout))
    world = World(
        rollout=rollout,
        status=rollout.status,
        template_hash=template_hash,
        step_hash="" if spec.strategy.blue_green else spec.once("step hash", lambda: _steps_hash(canary)),
        steps=spec.once("steps", lambda: _steps(canary)),
        new=new,
        replica_sets=owned,
        orphans=tuple(reader.orphans(namespace)),
        managed_services=tuple(reader.managed_services(namespace, rollout.metadata.name)),
        services={name: service for name, service in services if service},
        routed={key: found for key, found in routed if found},
        route=spec.once("route", lambda: record.written(canary)) if canary.traffic_routing else "",
        runs={run.metadata.name: run for run in reader.runs(rollout)},
        foreign_name=new is None and reader.replica_set(namespace, _name(rollout, template_hash)) is not None,
        workload=source,
        analyses=analyses,
        under_way=reader.under_way(),
    )
    world = _with_plugins(_with_experiments(world, reader), plugins)
    return replace(world, pods=tuple(reader.pods(rollout))) if restart.asked(world) else world


def _with_experiments(world: World, reader: Reader) -> World:
    """Those of the Rollout, those of others that have a name which the next could get, the share of a running one."""
    found = {each.metadata.name: each for each in reader.experiments(world.rollout)}
    if world.current_step and world.current_step.experiment is not None:
        namespace = world.rollout.metadata.namespace
        for name in experiment_body.names(world):
            other = found.get(name) or reader.experiment(namespace, name)
            if other is None:
                break
            found[name] = other
    if not found:
        return world
    world = replace(world, experiments=found)
    return replace(world, additional=experiments.shares(world))


def _with_plugins(world: World, plugins: PluginAnswers) -> World:
    """Most Rollouts use none, and nothing is asked for them."""
    known = world.canary_status.step_plugin_statuses
    names = {step.plugin.name for step in world.steps if step.plugin} | {record.name for record in known}
    if not names:
        return world
    meta = world.rollout.metadata
    answers = plugins.answers(f"{meta.namespace}/{meta.name}", meta.uid)
    return replace(world, plugin_answers=answers, plugin_standings={name: plugins.standing(name) for name in names})


def _name(rollout: Rollout, template_hash: str) -> str:
    return identity.name_of(rollout, template_hash)


def _steps(canary: Canary) -> tuple[Step, ...]:
    try:
        return canary.typed_steps()
    except msgspec.ValidationError:
        return ()


def _steps_hash(canary: Canary) -> str:
    try:
        return steps_hash(canary.steps)
    except (Misfit, RecursionError):
        return ""
