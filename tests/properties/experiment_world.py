"""A tiny cluster in memory for the experiments engine: carries out intents, and plays ReplicaSets and AnalysisRuns.

Objects are plain JSON, as an API server would hold them, and are decoded by the engine's own decoders.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson

from reconciler.analysis.catalog import Catalog
from reconciler.analysis.model import AnalysisRun, AnalysisTemplate, decode_run, decode_template
from reconciler.experiments import intents as i
from reconciler.experiments.decide import Decision, decide
from reconciler.experiments.model import Experiment, decode_experiment
from reconciler.experiments.snapshot import World, observe
from reconciler.kube.objects import Meta
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set
from tests.properties.rollout_world import merge

Json = dict[str, Any]
START = datetime(2026, 1, 1, tzinfo=UTC)
ERRORS = {"metadata": {"name": "errors"}, "spec": {"args": [{"name": "hash", "value": ""}], "metrics": [{"name": "m"}]}}


@dataclass
class Lab:
    """`broken`: ReplicaSets whose pods never come. `verdicts`: phase that a run has, by its name; else `Running`."""

    objects: dict[tuple[str, str], Json] = field(default_factory=dict)
    name: str = "ab"
    now: datetime = START
    broken: set[str] = field(default_factory=set)
    verdicts: dict[str, str] = field(default_factory=dict)
    templates: dict[str, AnalysisTemplate] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)
    writes: int = 0

    # What the API server does

    def put(self, kind: str, body: Json) -> None:
        self.writes += 1
        body = orjson.loads(orjson.dumps(body))
        meta = body["metadata"]
        meta.setdefault("namespace", "ns")
        meta.setdefault("uid", f"{kind}-{meta['name']}-{self.writes}")
        meta.setdefault("creationTimestamp", self.now.isoformat())
        meta["resourceVersion"] = str(self.writes)
        self.objects[kind, meta["name"]] = body

    def patch(self, kind: str, name: str, patch: Json) -> None:
        self.put(kind, merge(self.objects[kind, name], patch))

    @property
    def experiment(self) -> Json:
        return self.objects["Experiment", self.name]

    @property
    def status(self) -> Json:
        status: Json = self.experiment.get("status") or {}
        return status

    @property
    def sizes(self) -> dict[str, int]:
        found = {name: body for (kind, name), body in self.objects.items() if kind == "ReplicaSet"}
        return {name: body["spec"]["replicas"] for name, body in found.items()}

    def names(self, kind: str) -> list[str]:
        return [name for each, name in self.objects if each == kind]

    # What the engine sees and does

    def world(self) -> World:
        return observe(decode_experiment(orjson.dumps(self.experiment)), self, Catalog(lambda ns: self._template))

    def decide(self) -> Decision:
        return decide(self.world(), self.now)

    def reconcile(self, stop_after: int | None = None) -> Decision:
        """One decision carried out; after `stop_after` intents the process dies."""
        decision = self.decide()
        for intent in decision.intents[:stop_after]:
            self.carry_out(intent)
        return decision

    def carry_out(self, intent: i.Intent) -> None:
        match intent:
            case i.RecordEvent():
                self.events.append((intent.reason, intent.message))
            case i.CreateReplicaSet(_, body):
                self._create("ReplicaSet", body)
            case i.CreateService(_, body):
                self._create("Service", body)
            case i.CreateAnalysisRun(_, body):
                self._create("AnalysisRun", body)
            case i.PatchReplicaSet(_, name, patch, version):
                assert self.objects["ReplicaSet", name]["metadata"]["resourceVersion"] == version
                self.patch("ReplicaSet", name, patch)
            case i.TerminateAnalysisRun(name):
                self.patch("AnalysisRun", name, {"spec": {"terminate": True}})
            case i.DeleteService(name, _):
                del self.objects["Service", name]
            case i.PatchStatus(patch):
                self.patch("Experiment", self.name, {"status": patch})

    def play(self) -> bool:
        """Pods come and go, runs go on; whether anything changed."""
        before = self.writes
        for (kind, name), body in list(self.objects.items()):
            if kind == "ReplicaSet":
                pods = 0 if name in self.broken else body["spec"]["replicas"]
                counts = {"replicas": body["spec"]["replicas"], "readyReplicas": pods, "availableReplicas": pods}
                self._become(kind, name, counts)
            elif kind == "AnalysisRun" and (body.get("status") or {}).get("phase") in (None, "Running"):
                ended = "Successful" if body["spec"].get("terminate") else "Running"
                self._become(kind, name, {"phase": self.verdicts.get(name, ended)})
        return self.writes > before

    def converge(self) -> None:
        """Until nothing changes without time or people."""
        for _ in range(60):
            before = self.writes
            self.reconcile()
            self.play()
            if self.writes == before:
                return
        raise AssertionError("it does not come to rest")

    def wait(self, seconds: float) -> None:
        """Time goes by, and the engine wakes up when it asked to."""
        end = self.now + timedelta(seconds=seconds)
        while (wake := self.decide().wake_at) and wake <= end:
            self.now = max(wake, self.now)
            self.converge()
        self.now = end
        self.converge()

    # What can be read

    def replica_sets(self, experiment: Experiment) -> Iterable[ReplicaSet]:
        return [rs for rs in map(self._replica_set, self.names("ReplicaSet")) if _owned(rs.metadata, experiment)]

    def replica_set(self, namespace: str, name: str) -> ReplicaSet | None:
        return self._replica_set(name) if ("ReplicaSet", name) in self.objects else None

    def services(self, experiment: Experiment) -> Iterable[Meta]:
        found = (self.service("ns", name) for name in self.names("Service"))
        return [meta for meta in found if meta and _owned(meta, experiment)]

    def service(self, namespace: str, name: str) -> Meta | None:
        body = self.objects.get(("Service", name))
        return msgspec.convert(body["metadata"], Meta) if body else None

    def runs(self, experiment: Experiment) -> Iterable[AnalysisRun]:
        found = (self.run("ns", name) for name in self.names("AnalysisRun"))
        return [run for run in found if run and _owned(run.metadata, experiment)]

    def run(self, namespace: str, name: str) -> AnalysisRun | None:
        body = self.objects.get(("AnalysisRun", name))
        return decode_run(orjson.dumps(body)) if body else None

    def _create(self, kind: str, body: Json) -> None:
        assert (kind, body["metadata"]["name"]) not in self.objects, f"{kind} {body['metadata']['name']} exists"
        self.put(kind, body)

    def _become(self, kind: str, name: str, status: Json) -> None:
        if self.objects[kind, name].get("status") != status:
            self.patch(kind, name, {"status": status})

    def _replica_set(self, name: str) -> ReplicaSet:
        return decode_replica_set(orjson.dumps(self.objects["ReplicaSet", name]))

    def _template(self, name: str, cluster_scope: bool) -> AnalysisTemplate | None:
        return self.templates.get(name)


def a_template(name: str, **more: Any) -> Json:
    labels = {"app": "shop", "side": name}
    container = {"name": "web", "image": f"img:{name}", "ports": [{"containerPort": 8080}]}
    return {
        "name": name,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        **more,
    }


def an_analysis(name: str = "errors", **more: Any) -> Json:
    return {"name": name, "templateName": "errors", **more}


def a_lab(*analyses: Json, templates: list[Json] | None = None, **spec: Any) -> Lab:
    """An Experiment named `ab` with two templates, and the AnalysisTemplate `errors`."""
    lab = Lab(templates={"errors": decode_template(orjson.dumps(ERRORS))})
    wanted = {"templates": templates or [a_template("a"), a_template("b")], "analyses": list(analyses), **spec}
    lab.put("Experiment", {"metadata": {"name": "ab"}, "spec": wanted})
    return lab


def _owned(meta: Meta, experiment: Experiment) -> bool:
    return meta.controller is not None and meta.controller.uid == experiment.metadata.uid
