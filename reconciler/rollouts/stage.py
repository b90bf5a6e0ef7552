"""A cluster of one Rollout in memory, on which `decide` is rehearsed: pods start, analyses take their time. Pure.

It holds objects as JSON, carries intents out as an API server would, and moves time when asked to. Traffic is told to
a stand-in router: which one a Rollout uses changes how weights are written, not which weights and pods there are.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson

from reconciler.analysis.model import AnalysisRun, RolloutRunKind, decode_run
from reconciler.experiments.model import Experiment, decode_experiment
from reconciler.kube.api import Object
from reconciler.rollouts import intents as i
from reconciler.rollouts.decide import Decision, decide
from reconciler.rollouts.measuring import Measures, Measuring
from reconciler.rollouts.model import Rollout, WorkloadRef, decode_rollout
from reconciler.rollouts.observe import observe
from reconciler.rollouts.owned import Pod, Routed, Service, Workload, decode_routed, decode_service
from reconciler.rollouts.proving import wanted
from reconciler.rollouts.stage_experiments import StagedExperiment, staged
from reconciler.rollouts.step_plugins.contract import CallId, Result
from reconciler.rollouts.traffic.routers import rehearsal
from reconciler.rollouts.verbs import Action
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set

START = datetime(2026, 1, 1, tzinfo=UTC)
T = TypeVar("T")
_NAMESPACE = "rehearsal"


@dataclass(slots=True)
class _Run:
    body: Object
    kind: RolloutRunKind
    measuring: Measuring
    started: datetime
    phase: str = "Running"


@dataclass
class Stage:
    """`starting`: how long a pod takes to be ready, without minReadySeconds. `broken`: hashes whose pods never are."""

    rollout_object: Object
    measures: Measures
    starting: timedelta = timedelta()
    now: datetime = START
    broken: set[str] = field(default_factory=set)
    objects: dict[tuple[str, str], Object] = field(default_factory=dict)
    ready_at: dict[str, list[datetime]] = field(default_factory=dict)
    running: dict[str, _Run] = field(default_factory=dict)
    side: dict[str, StagedExperiment] = field(default_factory=dict)
    plugins_said: dict[CallId, Result] = field(default_factory=dict)
    versions: int = 0

    @property
    def rollout(self) -> Rollout:
        return decode_rollout(orjson.dumps(self.rollout_object))

    def reconcile(self) -> tuple[Decision, bool]:
        """One decision, carried out; True when anything changed."""
        self._settle()
        before, decision = self.versions, decide(observe(self.rollout, self, self, self), self.now)
        for intent in decision.intents:
            self._carry_out(intent)
        return decision, self.versions != before

    def do(self, action: Action) -> None:
        """What a person does."""
        for patch in action.patches:
            if isinstance(patch.body, dict):
                self._patch_rollout(patch.body)

    def release(self, template: Object) -> None:
        """A new version is pushed."""
        self._patch_rollout({"spec": {"template": None}})
        self._patch_rollout({"spec": {"template": template}})

    def next_event(self) -> datetime | None:
        """When a pod becomes ready, or an analysis ends, by itself."""
        times = [time for ready in self.ready_at.values() for time in ready]
        times += [run.started + run.measuring.lasts for run in self.running.values() if run.measuring.lasts is not None]
        times += [time for experiment in self.side.values() for time in experiment.events()]
        return min((time for time in times if time > self.now), default=None)

    @property
    def side_pods(self) -> int:
        """Pods of Experiments."""
        return sum(experiment.pods(self.now) for experiment in self.side.values())

    @property
    def measured(self) -> list[str]:
        """What is being measured now, in words."""
        runs = [run.measuring.text for run in self.running.values() if run.phase == "Running"]
        return [*runs, *(text for experiment in self.side.values() for text in experiment.analyses(self.now))]

    def end_analyses(self, phase: str, message: str = "") -> None:
        """Every running analysis ends with that verdict."""
        for name, run in self.running.items():
            if run.phase == "Running":
                run.phase = phase
                run.body["status"] = {"phase": phase, "message": message}
                self._changed("AnalysisRun", name, run.body)
        for experiment in self.side.values():
            if experiment.analyses(self.now):
                experiment.end(phase, self.now, message)

    # What other controllers do

    def _settle(self) -> None:
        for (kind, name), body in list(self.objects.items()):
            if kind == "ReplicaSet":
                self._run_pods(name, body)
        for name, run in self.running.items():
            lasts = run.measuring.lasts
            ended = run.body["spec"].get("terminate") or (lasts is not None and run.started + lasts <= self.now)
            if run.phase == "Running" and ended:
                run.phase = "Successful"
                run.body["status"] = {"phase": run.phase}
                self._changed("AnalysisRun", name, run.body)

        for name, experiment in self.side.items():
            body = self.objects["Experiment", name]
            if body["spec"].get("terminate"):
                experiment.end("Successful", self.now)
            if (status := experiment.settle(self.now)) != body.get("status"):
                self._changed("Experiment", name, {**body, "status": status})

    def _run_pods(self, name: str, body: Object) -> None:
        size, pods = body["spec"]["replicas"], self.ready_at.setdefault(name, [])
        pods.sort()
        del pods[size:]
        takes = self.starting + timedelta(seconds=body["spec"].get("minReadySeconds") or 0)
        broken = body["metadata"]["labels"][keys.HASH] in self.broken
        pods += [datetime.max.replace(tzinfo=UTC) if broken else self.now + takes] * (size - len(pods))
        available = sum(time <= self.now for time in pods)
        status = {"replicas": size, "readyReplicas": available, "availableReplicas": available}
        status["observedGeneration"] = body["metadata"].get("generation", 0)
        if body.get("status") != status:
            self._changed("ReplicaSet", name, {**body, "status": status})

    # What the API server does

    def _changed(self, kind: str, name: str, body: Object) -> None:
        self.versions += 1
        metadata = {**body["metadata"], "resourceVersion": str(self.versions), "namespace": _NAMESPACE}
        metadata.setdefault("uid", f"{kind}-{name}")
        metadata.setdefault("creationTimestamp", (self.now + timedelta(microseconds=self.versions)).isoformat())
        self.objects[kind, name] = {**body, "metadata": metadata}

    def _patch(self, kind: str, name: str, patch: Object) -> None:
        if (kind, name) in self.objects:
            self._changed(kind, name, _merged(self.objects[kind, name], patch))

    def _patch_rollout(self, patch: Object) -> None:
        self.versions += 1
        before, after = self.rollout_object, _merged(self.rollout_object, patch)
        if before["spec"] != after["spec"]:
            after["metadata"] = {**after["metadata"], "generation": before["metadata"]["generation"] + 1}
        self.rollout_object = after

    def _carry_out(self, intent: i.Intent) -> None:
        """Only what this world has; pods' metadata, evictions and events change nothing that is planned."""
        match intent:
            case i.CreateReplicaSet(body):
                self._changed("ReplicaSet", body["metadata"]["name"], body)
            case i.ScaleReplicaSet(name, replicas, sized_for):
                annotations = {keys.DESIRED_REPLICAS: str(sized_for)}
                annotations |= {keys.DEADLINE: None} if intent.drop_deadline else {}  # type: ignore[dict-item]
                self._patch(
                    "ReplicaSet", name, {"metadata": {"annotations": annotations}, "spec": {"replicas": replicas}}
                )
            case i.PatchReplicaSet(name, patch):
                self._patch("ReplicaSet", name, patch)
            case i.DeleteReplicaSet(name):
                self.versions += 1
                self.objects.pop(("ReplicaSet", name), None)
            case i.SwitchService(name, pod_hash):
                marks = {keys.MANAGED_BY: intent.managed_by} if intent.managed_by else {}
                patch = {"metadata": {"annotations": marks}, "spec": {"selector": {keys.HASH: pod_hash}}}
                self._patch("Service", name, patch)
            case i.PatchRollout(patch):
                self._patch_rollout(patch)
            case i.PatchStatus(patch):
                self._patch_rollout({"status": patch})
            case i.CallStepPlugin():
                self.plugins_said = {intent.id: Result("Successful")}
            case _:
                self._carry_out_analysis(intent)

    def _carry_out_analysis(self, intent: i.Intent) -> None:
        match intent:
            case i.CreateAnalysisRun(body):
                name, kind = body["metadata"]["name"], body["metadata"]["labels"]["rollout-type"]
                measuring = self.measures(body.pop("analysis"), kind)
                body["status"] = {"phase": "Running"}
                self._changed("AnalysisRun", name, body)
                self.running[name] = _Run(self.objects["AnalysisRun", name], kind, measuring, self.now)
            case i.TerminateAnalysisRun(name):
                self._patch("AnalysisRun", name, {"spec": {"terminate": True}})
                self.running[name].body = self.objects["AnalysisRun", name]
            case i.DeleteAnalysisRun(name):
                self.versions += 1
                self.objects.pop(("AnalysisRun", name), None)
                self.running.pop(name, None)
            case i.CreateExperiment(body):
                name = body["metadata"]["name"]
                self._changed("Experiment", name, body)
                self.side[name] = staged(body, self.measures, self.now, self.starting, self.broken)
            case i.TerminateExperiment(name):
                self._patch("Experiment", name, {"spec": {"terminate": True}})

    # `ports.Analyses`: runs without metrics, which end when their time is over

    def problems(self, namespace: str, analysis: Object, kind: RolloutRunKind) -> Sequence[str]:
        return ()

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
        labels = {keys.HASH: latest_hash, "rollout-type": kind}
        labels |= {} if step_index is None else {"step-index": str(step_index)}
        owner = {"kind": "Rollout", "uid": rollout["metadata"]["uid"], "controller": True}
        name = f"{latest_hash}-{revision}-{kind}-{step_index}"
        return {
            "metadata": {"name": name, "labels": labels, "ownerReferences": [owner]},
            "spec": {},
            "analysis": analysis,
        }

    def settle(self, run: Object, existing: Callable[[str], AnalysisRun | None]) -> tuple[Object, bool]:
        while (other := existing(run["metadata"]["name"])) is not None and other.status.phase.complete:
            run["metadata"]["name"] += "-again"
        return run, other is not None

    def resolve(
        self, *, rollout: Object, args: Sequence[Object], stable_hash: str, latest_hash: str
    ) -> Sequence[Object]:
        return args

    # `ports.PluginAnswers`: plugins that succeed at once

    def standing(self, name: str) -> str:
        return ""

    def answers(self, key: str, uid: str) -> Mapping[CallId, Result]:
        return self.plugins_said

    # `observe.Reader`

    def replica_sets(self, rollout: Rollout) -> Iterable[ReplicaSet]:
        return [
            decode_replica_set(orjson.dumps(body)) for (kind, _), body in self.objects.items() if kind == "ReplicaSet"
        ]

    def orphans(self, namespace: str) -> Iterable[ReplicaSet]:
        return ()

    def replica_set(self, namespace: str, name: str) -> ReplicaSet | None:
        return self._one("ReplicaSet", name, decode_replica_set)

    def service(self, namespace: str, name: str) -> Service | None:
        return self._one("Service", name, decode_service)

    def experiments(self, rollout: Rollout) -> Iterable[Experiment]:
        return [
            decode_experiment(orjson.dumps(body)) for (kind, _), body in self.objects.items() if kind == "Experiment"
        ]

    def experiment(self, namespace: str, name: str) -> Experiment | None:
        return self._one("Experiment", name, decode_experiment)

    def workload(self, namespace: str, reference: WorkloadRef) -> Workload | None:
        return None

    def managed_services(self, namespace: str, rollout: str) -> Iterable[Service]:
        return ()

    def routed(self, kind: str, namespace: str, name: str) -> Routed | None:
        return self._one(kind, name, decode_routed)

    def runs(self, rollout: Rollout) -> Iterable[AnalysisRun]:
        return [decode_run(orjson.dumps(body)) for (kind, _), body in self.objects.items() if kind == "AnalysisRun"]

    def under_way(self) -> int:
        return 1

    def pods(self, rollout: Rollout) -> Sequence[Pod]:
        return ()

    def _one(self, kind: str, name: str, decode: Callable[[bytes], T]) -> T | None:
        body = self.objects.get((kind, name))
        return decode(orjson.dumps(body)) if body else None


def set_up(rollout: Object, measures: Measures, starting: timedelta = timedelta()) -> Stage:
    """A stage on which nothing of the Rollout runs yet. Its Services and its route are there."""
    spec = {**rollout["spec"], "paused": False, "restartAt": None}
    spec["strategy"] = {name: dict(config) for name, config in spec["strategy"].items() if config is not None}
    canary = spec["strategy"].get("canary", {})
    written = rollout["metadata"].get("annotations") or {}
    own = {key: written[key] for key in (wanted.BAKE, wanted.FIRST_DEPLOY) if key in written}
    metadata = {"name": rollout["metadata"]["name"], "namespace": _NAMESPACE, "uid": "rehearsal", "generation": 1}
    metadata["annotations"] = own
    stage = Stage({"metadata": metadata, "spec": spec}, measures, starting)
    if canary.get("trafficRouting") is not None:
        _stand_in(canary)
    for name in filter(None, stage.rollout.spec.strategy.chosen.services.values()):
        stage._changed("Service", name, {"metadata": {"name": name}, "spec": {"selector": {}}})
    return stage


def _stand_in(canary: Object) -> None:
    """A router that takes everything at once; Services that some routers do without get a name."""
    kept = {key: canary["trafficRouting"].get(key) for key in ("maxTrafficWeight", "managedRoutes")}
    canary["trafficRouting"] = {"plugins": {rehearsal.NAME: {}}, **kept}
    canary.setdefault("canaryService", "rehearsal-canary")
    canary.setdefault("stableService", "rehearsal-stable")


def _merged(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result
