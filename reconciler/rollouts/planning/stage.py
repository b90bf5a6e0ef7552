"""A cluster of one Rollout in memory, on which `decide` is rehearsed: pods start, analyses take their time. Pure.

It carries intents out, plays the other controllers, and moves time when asked to. Traffic is told to
a stand-in router: which one a Rollout uses changes how weights are written, not which weights and pods there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from reconciler.analysis.model import RolloutRunKind
from reconciler.kube.api import Object
from reconciler.rollouts import intents as i
from reconciler.rollouts.decide import Decision, decide
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.observe import observe
from reconciler.rollouts.planning.measuring import Measures, Measuring
from reconciler.rollouts.planning.staged_analyses import StagedAnalyses
from reconciler.rollouts.planning.staged_experiments import StagedExperiment, staged
from reconciler.rollouts.planning.staged_objects import NAMESPACE, StagedObjects
from reconciler.rollouts.proving import wanted
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_plugins.contract import CallId, Result
from reconciler.rollouts.traffic.routers import rehearsal
from reconciler.rollouts.verbs import Action
from reconciler.workloads import keys

START = datetime(2026, 1, 1, tzinfo=UTC)


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

    objects: StagedObjects
    measures: Measures
    starting: timedelta = timedelta()
    now: datetime = START
    broken: set[str] = field(default_factory=set)
    ready_at: dict[str, list[datetime]] = field(default_factory=dict)
    running: dict[str, _Run] = field(default_factory=dict)
    side: dict[str, StagedExperiment] = field(default_factory=dict)
    plugins_said: dict[CallId, Result] = field(default_factory=dict)

    @property
    def rollout(self) -> Rollout:
        return self.objects.rollout

    def observe(self) -> World:
        return observe(self.rollout, self.objects, StagedAnalyses(), self)

    def reconcile(self) -> tuple[Decision, bool]:
        """One decision, carried out; True when anything changed."""
        self._settle()
        before, decision = self.objects.versions, decide(self.observe(), self.now)
        for intent in decision.intents:
            self._carry_out(intent)
        return decision, self.objects.versions != before

    def do(self, action: Action) -> None:
        """What a person does."""
        for patch in action.patches:
            if isinstance(patch.body, dict):
                self.objects.patch_rollout(patch.body)

    def release(self, template: Object) -> None:
        """A new version is pushed."""
        self.objects.patch_rollout({"spec": {"template": None}})
        self.objects.patch_rollout({"spec": {"template": template}})

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
                self._put("AnalysisRun", name, run.body)
        for experiment in self.side.values():
            if experiment.analyses(self.now):
                experiment.end(phase, self.now, message)

    # What other controllers do

    def _settle(self) -> None:
        for (kind, name), body in list(self.objects.kept.items()):
            if kind == "ReplicaSet":
                self._run_pods(name, body)
        for name, run in self.running.items():
            lasts = run.measuring.lasts
            ended = run.body["spec"].get("terminate") or (lasts is not None and run.started + lasts <= self.now)
            if run.phase == "Running" and ended:
                run.phase = "Successful"
                run.body["status"] = {"phase": run.phase}
                self._put("AnalysisRun", name, run.body)

        for name, experiment in self.side.items():
            body = self.objects.kept["Experiment", name]
            if body["spec"].get("terminate"):
                experiment.end("Successful", self.now)
            if (status := experiment.settle(self.now)) != body.get("status"):
                self._put("Experiment", name, {**body, "status": status})

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
            self._put("ReplicaSet", name, {**body, "status": status})

    def _put(self, kind: str, name: str, body: Object) -> None:
        self.objects.put(kind, name, body, self.now)

    def _patch(self, kind: str, name: str, patch: Object) -> None:
        self.objects.patch(kind, name, patch, self.now)

    def _carry_out(self, intent: i.Intent) -> None:
        """Only what this world has; pods' metadata, evictions and events change nothing that is planned."""
        match intent:
            case i.CreateReplicaSet(body):
                self._put("ReplicaSet", body["metadata"]["name"], body)
            case i.ScaleReplicaSet(name, replicas, sized_for):
                annotations = {keys.DESIRED_REPLICAS: str(sized_for)}
                annotations |= {keys.DEADLINE: None} if intent.drop_deadline else {}  # type: ignore[dict-item]
                self._patch(
                    "ReplicaSet", name, {"metadata": {"annotations": annotations}, "spec": {"replicas": replicas}}
                )
            case i.PatchReplicaSet(name, patch):
                self._patch("ReplicaSet", name, patch)
            case i.DeleteReplicaSet(name):
                self.objects.delete("ReplicaSet", name)
            case i.SwitchService(name, pod_hash):
                marks = {keys.MANAGED_BY: intent.managed_by} if intent.managed_by else {}
                patch = {"metadata": {"annotations": marks}, "spec": {"selector": {keys.HASH: pod_hash}}}
                self._patch("Service", name, patch)
            case i.PatchRollout(patch):
                self.objects.patch_rollout(patch)
            case i.PatchStatus(patch):
                self.objects.patch_rollout({"status": patch})
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
                self._put("AnalysisRun", name, body)
                self.running[name] = _Run(self.objects.kept["AnalysisRun", name], kind, measuring, self.now)
            case i.TerminateAnalysisRun(name):
                self._patch("AnalysisRun", name, {"spec": {"terminate": True}})
                self.running[name].body = self.objects.kept["AnalysisRun", name]
            case i.DeleteAnalysisRun(name):
                self.objects.delete("AnalysisRun", name)
                self.running.pop(name, None)
            case i.CreateExperiment(body):
                name = body["metadata"]["name"]
                self._put("Experiment", name, body)
                self.side[name] = staged(body, self.measures, self.now, self.starting, self.broken)
            case i.TerminateExperiment(name):
                self._patch("Experiment", name, {"spec": {"terminate": True}})

    # `ports.PluginAnswers`: plugins that succeed at once

    def standing(self, name: str) -> str:
        return ""

    def answers(self, key: str, uid: str) -> Mapping[CallId, Result]:
        return self.plugins_said


def set_up(rollout: Object, measures: Measures, starting: timedelta = timedelta()) -> Stage:
    """A stage on which nothing of the Rollout runs yet. Its Services and its route are there."""
    spec = {**rollout["spec"], "paused": False, "restartAt": None}
    spec["strategy"] = {name: dict(config) for name, config in spec["strategy"].items() if config is not None}
    canary = spec["strategy"].get("canary", {})
    written = rollout["metadata"].get("annotations") or {}
    own = {key: written[key] for key in (wanted.BAKE, wanted.FIRST_DEPLOY) if key in written}
    metadata = {"name": rollout["metadata"]["name"], "namespace": NAMESPACE, "uid": "rehearsal", "generation": 1}
    metadata["annotations"] = own
    stage = Stage(StagedObjects({"metadata": metadata, "spec": spec}), measures, starting)
    if canary.get("trafficRouting") is not None:
        _stand_in(canary)
    for name in filter(None, stage.rollout.spec.strategy.chosen.services.values()):
        stage.objects.put("Service", name, {"metadata": {"name": name}, "spec": {"selector": {}}}, START)
    return stage


def _stand_in(canary: Object) -> None:
    """A router that takes everything at once; Services that some routers do without get a name."""
    kept = {key: canary["trafficRouting"].get(key) for key in ("maxTrafficWeight", "managedRoutes")}
    canary["trafficRouting"] = {"plugins": {rehearsal.NAME: {}}, **kept}
    canary.setdefault("canaryService", "rehearsal-canary")
    canary.setdefault("stableService", "rehearsal-stable")
