"""A tiny cluster in memory for the rollouts engine: carries out intents, and plays ReplicaSets and analyses.

Objects are plain JSON, as an API server would hold them, and are decoded by the engine's own decoders. Pods do not
exist one by one: a ReplicaSet's available pods are a number that `settle` moves towards what is asked for, unless the
test says that its version is broken.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from reconciler.analysis.model import AnalysisRun, decode_run
from reconciler.experiments.model import Experiment, decode_experiment
from reconciler.rollouts import intents as i
from reconciler.rollouts.decide import Decision, decide
from reconciler.rollouts.model import Rollout, WorkloadRef, decode_rollout
from reconciler.rollouts.observe import observe
from reconciler.rollouts.owned import Pod, Routed, Service, Workload, decode_service, decode_whole, decode_workload
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_plugins.contract import CallId, Result
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set

Json = dict[str, Any]
BETA: Json = {"setHeaderRoute": {"name": "beta", "match": [{"headerName": "x-beta", "headerValue": {"exact": "1"}}]}}
COPY: Json = {"setMirrorRoute": {"name": "copy", "percentage": 35, "match": [{"path": {"prefix": "/api"}}]}}
START = datetime(2026, 1, 1, tzinfo=UTC)


def merge(target: Any, patch: Any) -> Any:
    """JSON merge patch, RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


class FakeAnalyses:
    """Builds runs that name themselves as the real builder does; templates named `missing` do not exist."""

    def problems(self, namespace: str, analysis: Json, kind: str) -> Sequence[str]:
        names = [t.get("templateName") for t in analysis.get("templates", ())]
        return [f'AnalysisTemplate "{name}" not found' for name in names if name == "missing"]

    def build(self, **given: Any) -> Json:
        rollout, index = given["rollout"]["metadata"], given["step_index"]
        kinds = {"Step": f"-{index}", "PrePromotion": "-pre", "PostPromotion": "-post"}
        kinds |= {"Bake": "-bake", "FirstDeploy": "-first"}
        suffix = kinds.get(given["kind"], "")
        labels = {keys.HASH: given["latest_hash"], "rollout-type": given["kind"]}
        return {
            "metadata": {
                "name": f"{rollout['name']}-{given['latest_hash']}-{given['revision']}{suffix}",
                "namespace": rollout["namespace"],
                "labels": labels | ({} if index is None else {"step-index": str(index)}),
                "ownerReferences": [{"kind": "Rollout", "uid": rollout["uid"], "controller": True}],
            },
            "spec": {"metrics": [{"name": "errors", "successCondition": "result[0] < 0.1"}]},
        }

    def resolve(self, *, args: Sequence[Json], **_: Any) -> Sequence[Json]:
        return args

    def settle(self, run: Json, existing: Callable[[str], AnalysisRun | None]) -> tuple[Json, bool]:
        name = run["metadata"]["name"]
        for number in itertools.count():
            candidate = name if number == 0 else f"{name}.{number}"
            other = existing(candidate)
            if other is None or not other.status.phase.complete:
                run["metadata"]["name"] = candidate
                return run, other is not None
        raise AssertionError


@dataclass
class FakePlugins:
    """Answers every call at once with what the plugin of that operation `says`; `missing` is not installed.

    `calls` are all that were made, `lost` answers nothing, as a process that dies meanwhile.
    """

    says: dict[str, Result] = field(default_factory=dict)
    calls: list[i.CallStepPlugin] = field(default_factory=list)
    lost: bool = False
    said: dict[CallId, Result] = field(default_factory=dict)

    def standing(self, name: str) -> str:
        return {"missing": "no installed package provides it", "disabled": "disabled"}.get(name, "")

    def answers(self, key: str, uid: str) -> Mapping[CallId, Result]:
        return self.said

    def taken(self, key: str, answers: Iterable[CallId]) -> None:
        self.said = {each: self.said[each] for each in self.said if each not in answers}

    def begin(self, key: str, uid: str, call: i.CallStepPlugin) -> None:
        if call.id in self.said:
            return
        self.calls.append(call)
        self.said |= {} if self.lost else {call.id: self.says.get(call.id.operation, Result("Successful"))}

    def forget(self, key: str) -> None:
        self.said = {}


@dataclass
class Cluster:
    """`objects` by (kind, name); `log` is every change in order, as traces record them."""

    rollout_name: str
    objects: dict[tuple[str, str], Json] = field(default_factory=dict)
    now: datetime = START
    log: list[tuple[Any, ...]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    versions: int = 0
    analyses: FakeAnalyses = field(default_factory=FakeAnalyses)
    plugins: FakePlugins = field(default_factory=lambda: FakePlugins())
    decided_at: dict[tuple[str, str], str] = field(default_factory=dict)
    others_under_way: int = 0

    # What the API server does

    def put(self, kind: str, body: Json) -> None:
        self.versions += 1
        body = copy.deepcopy(body)
        meta = body["metadata"]
        meta.setdefault("namespace", "ns")
        meta.setdefault("uid", f"{kind}-{meta['name']}-{self.versions}")
        meta.setdefault("creationTimestamp", (self.now + timedelta(microseconds=self.versions)).isoformat())
        meta["resourceVersion"] = str(self.versions)
        self.objects[kind, meta["name"]] = body

    def patch(self, kind: str, name: str, patch: Json, version: str = "") -> None:
        found = self.objects[kind, name]
        assert not version or self.decided_at[kind, name] == version, f"stale write to {kind} {name}"
        changed = merge(found, patch)
        if changed.get("spec") != found.get("spec"):
            changed["metadata"]["generation"] = found["metadata"].get("generation", 0) + 1
        self.put(kind, changed)

    @property
    def rollout(self) -> Json:
        return self.objects["Rollout", self.rollout_name]

    @property
    def status(self) -> Json:
        return self.rollout.get("status", {})

    def user(self, label: str, patch: Json) -> None:
        self.log.append((">>>", label))
        self.patch("Rollout", self.rollout_name, patch)
        self.log.append(("status", {key: self.status.get(key) for key in patch.get("status", {})}))

    # What the engine sees and does

    def world(self) -> World:
        rollout = decode_rollout(orjson.dumps(self.rollout))
        return observe(rollout, self, self.analyses, self.plugins)

    def decide(self) -> Decision:
        return decide(self.world(), self.now)

    def reconcile(self, stop_after: int | None = None) -> Decision:
        """One decision carried out; `stop_after` intents the process dies."""
        answers, decision = set(self.plugins.said), self.decide()
        self.decided_at = {key: body["metadata"]["resourceVersion"] for key, body in self.objects.items()}
        for intent in decision.intents[:stop_after]:
            self.carry_out(intent)
        if stop_after is None:
            self.plugins.taken("ns/shop", answers)
        else:
            self.plugins.forget("ns/shop")
        return decision

    def carry_out(self, intent: i.Intent) -> None:
        rollout = self.rollout
        match intent:
            case i.CreateReplicaSet(body):
                self.put("ReplicaSet", merge(body, {"metadata": {"generation": 1}, "status": {}}))
                self._log_rs(body["metadata"]["name"])
            case i.ScaleReplicaSet(name, replicas, sized_for, version, drop):
                annotations: Json = {keys.DESIRED_REPLICAS: str(sized_for)}
                annotations |= {keys.DEADLINE: None} if drop else {}
                patch = {"metadata": {"annotations": annotations}, "spec": {"replicas": replicas}}
                self.patch("ReplicaSet", name, patch, version)
                self._log_rs(name)
            case i.PatchReplicaSet(name, patch, version):
                self.patch("ReplicaSet", name, patch, version)
                self._log_rs(name)
            case i.SwitchService(name, new_hash, version, managed_by):
                annotations = {keys.MANAGED_BY: managed_by} if managed_by else {}
                patch = {"metadata": {"annotations": annotations}, "spec": {"selector": {keys.HASH: new_hash}}}
                self.patch("Service", name, patch, version)
                self.log.append((f"svc/{name}", new_hash))
            case i.ReleaseService(name, version):
                patch = {"metadata": {"annotations": {keys.MANAGED_BY: None}}, "spec": {"selector": {keys.HASH: None}}}
                self.patch("Service", name, patch, version)
            case i.CreateRouted(resource, body):
                self.put(resource.kind, body)
            case i.PatchRouted(resource, name, patch, version):
                self.patch(resource.kind, name, patch, version)
                if weighted := patch.get("spec", {}).get("weighted"):
                    self.log.append(("weights", {s["name"]: s["weight"] for s in weighted["services"]}))
            case i.CreateAnalysisRun(body):
                self.put("AnalysisRun", body)
            case i.TerminateAnalysisRun(name):
                self.patch("AnalysisRun", name, {"spec": {"terminate": True}})
            case i.DeleteReplicaSet(name) | i.DeleteAnalysisRun(name):
                kind = "ReplicaSet" if isinstance(intent, i.DeleteReplicaSet) else "AnalysisRun"
                self.objects.pop((kind, name))
            case i.PatchRollout(patch):
                self.patch("Rollout", self.rollout_name, patch)
            case i.PatchStatus(patch):
                self.put("Rollout", {**rollout, "status": merge(rollout.get("status", {}), patch)})
                self.log.append(("status", {key: self.status.get(key) for key in patch}))
            case i.CallStepPlugin():
                self.plugins.begin("ns/shop", rollout["metadata"]["uid"], intent)
            case i.RecordEvent(type_, reason, message):
                self.log.append(("event", type_, reason, message))
            case i.AdoptReplicaSet(name):
                owner = {"kind": "Rollout", "uid": rollout["metadata"]["uid"], "controller": True}
                self.patch("ReplicaSet", name, {"metadata": {"ownerReferences": [owner]}})
            case i.ReleaseReplicaSet(name):
                self.patch("ReplicaSet", name, {"metadata": {"ownerReferences": None}})
            case i.ScaleWorkload(name, replicas, version, told, handed_over_to):
                mark = {keys.HANDED_OVER: handed_over_to} if handed_over_to else {}
                self.patch(
                    "Deployment", name, {"metadata": {"annotations": mark}, "spec": {"replicas": replicas}}, version
                )
                self.log += [("deployment", name, replicas), ("event", "Normal", "ScalingReplicaSet", told)]
            case i.CreateExperiment(body):
                self.put("Experiment", body)
            case i.TerminateExperiment(name):
                self.patch("Experiment", name, {"spec": {"terminate": True}})
            case i.DeleteExperiment(name):
                self.objects.pop(("Experiment", name))
                self.versions += 1
            case i.PatchPods() | i.LabelPods() | i.EvictPod():
                pass

    def _log_rs(self, name: str) -> None:
        rs = self.objects["ReplicaSet", name]
        status = rs.get("status", {})
        has_deadline = keys.DEADLINE in rs["metadata"].get("annotations", {})
        counts = [rs["spec"]["replicas"], status.get("replicas", 0), status.get("availableReplicas", 0), has_deadline]
        self.log.append(("rs", name, counts))

    # What other controllers do

    def run_pods(self, *, ready: bool = True, most: int = 10**6) -> bool:
        """ReplicaSets create and delete pods; with `ready` up to `most` more become available. True if any moved."""
        before = self.versions
        for (kind, name), body in list(self.objects.items()):
            if kind == "ReplicaSet":
                self._run_replica_set(name, body, ready=ready, most=most)
        return self.versions != before

    def _run_replica_set(self, name: str, body: Json, *, ready: bool, most: int) -> None:
        size, status = body["spec"]["replicas"], body.get("status") or {}
        available = min(status.get("availableReplicas", 0), size)
        if body["metadata"]["labels"].get(keys.HASH) in self.broken:
            available = 0
        elif ready:
            available = min(size, available + most)
        wanted = {"replicas": size, "readyReplicas": available, "availableReplicas": available}
        wanted["observedGeneration"] = body["metadata"].get("generation", 0)
        if status != wanted:
            self.put("ReplicaSet", {**body, "status": wanted})
            self._log_rs(name)

    def run_analyses(self, phase: str, message: str = "", value: str = "[0.01]", kind: str = "") -> None:
        """All running analyses (of one kind, if named) get that phase; terminated ones are Successful."""
        for (stored, _), body in list(self.objects.items()):
            old = body.get("status", {}).get("phase", "")
            if (
                stored != "AnalysisRun"
                or kind not in ("", body["metadata"]["labels"]["rollout-type"])
                or old in ("Successful", "Failed", "Error", "Inconclusive")
            ):
                continue
            terminated = body["spec"].get("terminate")
            result = {"name": "errors", "phase": phase, "measurements": [{"phase": phase, "value": value}]}
            status = {"phase": "Successful" if terminated else phase, "message": message, "metricResults": [result]}
            if status["phase"] != old:
                self.put("AnalysisRun", {**body, "status": status})

    def converge(self, *, ready: bool = True, limit: int = 400) -> None:
        """Reconciles and lets pods follow until nothing changes; time stands still."""
        for _ in range(limit):
            before = (self.versions, len(self.plugins.calls))
            self.reconcile()
            self.run_pods(ready=ready)
            if (self.versions, len(self.plugins.calls)) == before:
                return
        raise AssertionError("never settles: " + repr(self.log[-12:]))

    def wait(self, seconds: float) -> None:
        """Time passes, and nothing is decided but when the engine asked to be woken."""
        self.converge()
        end = self.now + timedelta(seconds=seconds)
        while (wake_at := self.decide().wake_at) and wake_at <= end:
            self.now = max(wake_at, self.now + timedelta(milliseconds=100))
            self.converge()
        self.now = max(self.now, end)

    # observe.Reader

    def _all(self, kind: str) -> Iterable[Json]:
        return [body for (k, _), body in self.objects.items() if k == kind]

    def replica_sets(self, rollout: Rollout) -> list[ReplicaSet]:
        return [decode_replica_set(orjson.dumps(body)) for body in self._all("ReplicaSet")]

    def orphans(self, namespace: str) -> list[ReplicaSet]:
        return [
            rs
            for rs in map(decode_replica_set, map(orjson.dumps, self._all("ReplicaSet")))
            if not rs.metadata.controller
        ]

    def replica_set(self, namespace: str, name: str) -> ReplicaSet | None:
        return self._one("ReplicaSet", name, decode_replica_set)

    def service(self, namespace: str, name: str) -> Service | None:
        return self._one("Service", name, decode_service)

    def managed_services(self, namespace: str, rollout: str) -> list[Service]:
        services = [decode_service(orjson.dumps(body)) for body in self._all("Service")]
        return [s for s in services if s.metadata.annotations.get(keys.MANAGED_BY) == rollout]

    def routed(self, kind: str, namespace: str, name: str) -> Routed | None:
        return self._one(kind, name, decode_whole)

    def experiments(self, rollout: Rollout) -> list[Experiment]:
        return [decode_experiment(orjson.dumps(body)) for (k, _), body in self.objects.items() if k == "Experiment"]

    def experiment(self, namespace: str, name: str) -> Experiment | None:
        body = self.objects.get(("Experiment", name))
        return decode_experiment(orjson.dumps(body)) if body else None

    def runs(self, rollout: Rollout) -> list[AnalysisRun]:
        return [decode_run(orjson.dumps(body)) for body in self._all("AnalysisRun")]

    def workload(self, namespace: str, reference: WorkloadRef) -> Workload | None:
        return self._one(reference.kind, reference.name, decode_workload)

    def under_way(self) -> int:
        return self.others_under_way + 1

    def pods(self, rollout: Rollout) -> list[Pod]:
        return []

    def _one(self, kind: str, name: str, decode: Callable[[bytes], Any]) -> Any:
        body = self.objects.get((kind, name))
        return decode(orjson.dumps(body)) if body else None


def template(image: str) -> Json:
    return {
        "metadata": {"labels": {"app": "shop"}},
        "spec": {"containers": [{"name": "c", "image": image, "resources": {}}]},
    }


def a_cluster(
    *,
    replicas: int = 4,
    steps: Sequence[Json] = (),
    traefik: bool = False,
    proxy: Json | None = None,
    canary: Json | None = None,
    annotations: Json | None = None,
    **spec: Any,
) -> Cluster:
    """A cluster with one Rollout named `shop`, and its Services and TraefikService where traffic is routed.

    `proxy` has it routed by the router of `docs/examples/configmap-router`, which must be installed, with more of its
    settings.
    """
    cluster = Cluster("shop")
    strategy: Json = {"steps": list(steps), **(canary or {})}
    if not steps:
        del strategy["steps"]
    if traefik:
        strategy |= {"canaryService": "ca", "stableService": "st"}
        strategy["trafficRouting"] = {"traefik": {"weightedTraefikServiceName": "shop"}}
        for name in ("ca", "st"):
            cluster.put("Service", {"metadata": {"name": name}, "spec": {"selector": {"app": "shop"}}})
        weighted = {"services": [{"name": "st", "port": 80}, {"name": "ca", "port": 80}]}
        cluster.put("TraefikService", {"metadata": {"name": "shop"}, "spec": {"weighted": weighted}})
    if proxy is not None:
        strategy |= {"canaryService": "ca", "stableService": "st"} if "pingPong" not in strategy else {}
        routing = {"plugins": {"example/configmap": {"configMap": "traffic", **proxy}}}
        strategy["trafficRouting"] = {**routing, "managedRoutes": [{"name": "beta"}, {"name": "copy"}]}
    for name in (*(strategy.get("pingPong") or {}).values(), *(("ca", "st") if proxy is not None else ())):
        cluster.put("Service", {"metadata": {"name": name}, "spec": {"selector": {"app": "shop"}}})
    body = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": "shop"}},
        "template": template("img:1"),
        "strategy": {"canary": strategy},
        **spec,
    }
    metadata = {"name": "shop", "generation": 1, "annotations": annotations or {}}
    cluster.put("Rollout", {"metadata": metadata, "spec": body})
    return cluster


def a_blue_green(*, preview: bool = True, blue_green: Json | None = None, **spec: Any) -> Cluster:
    """A cluster with one blue-green Rollout named `shop`, its Services `act` and, with `preview`, `prev`."""
    strategy: Json = {"activeService": "act", **(blue_green or {})}
    if preview:
        strategy["previewService"] = "prev"
    cluster = a_cluster(strategy={"blueGreen": strategy}, **spec)
    for name in ("act", "prev")[: 1 + preview]:
        cluster.put("Service", {"metadata": {"name": name}, "spec": {"selector": {"app": "shop"}}})
    return cluster
