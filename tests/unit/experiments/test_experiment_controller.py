"""The shell: intents become requests in order; what the API server does not accept is explained in the status."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from reconciler.analysis.catalog import Catalog
from reconciler.analysis.model import decode_run
from reconciler.errors import Conflict, Refused, Transient, UserError
from reconciler.experiments.controller import ExperimentController
from reconciler.experiments.model import decode_experiment
from reconciler.experiments.wiring import Stores, subscribe
from reconciler.kube.objects import ANALYSIS_RUNS, EXPERIMENTS, REPLICA_SETS, SERVICES
from reconciler.kube.store import Store
from reconciler.rollouts.owned import decode_service
from reconciler.runtime.clock import VirtualClock
from reconciler.workloads.replica_set import decode_replica_set
from tests.properties.experiment_world import Json, a_lab, a_template, an_analysis
from tests.unit.rollouts.test_controller import Server

DECODERS: dict[str, Any] = {
    EXPERIMENTS.kind: decode_experiment,
    REPLICA_SETS.kind: decode_replica_set,
    SERVICES.kind: decode_service,
    ANALYSIS_RUNS.kind: decode_run,
}


class Bench:
    """A controller over stores that hold what the server holds."""

    def __init__(self, *analyses: Json, **spec: Any) -> None:
        self.server, self.told, self.woken = Server(), [], []  # type: ignore[var-annotated]
        self.by_kind: dict[str, Store[Any]] = {kind: Store(decode) for kind, decode in DECODERS.items()}
        stores = Stores(self.by_kind.__getitem__)
        subscribe(stores, self.woken.append)
        lab = a_lab(*analyses, **spec)
        catalog = Catalog(lambda namespace: lambda name, cluster_scope: lab.templates[name])
        self.controller = ExperimentController(self.server, stores, VirtualClock(), self, catalog)  # type: ignore[arg-type]
        seeded = self.server.seed(EXPERIMENTS.kind, {**lab.experiment, "metadata": {"name": "ab"}})
        self.by_kind[EXPERIMENTS.kind].put(orjson.dumps(seeded))

    def event(self, about: Any, type: str, reason: str, message: str) -> None:  # noqa: A002
        self.told.append((about.kind, reason))

    def reconcile(self) -> None:
        self.server.requests.clear()
        self.controller.reconcile("ns/ab")

    def pods_come(self) -> None:
        for kind, name in [*self.server.objects]:
            if kind == REPLICA_SETS.kind:
                found = self.server.patch(REPLICA_SETS, "ns", name, {"status": {"replicas": 1, "availableReplicas": 1}})
                self.by_kind[kind].put(orjson.dumps(found))

    @property
    def status(self) -> Json:
        status: Json = self.server.objects[EXPERIMENTS.kind, "ab"].get("status") or {}
        return status


def test_pods_come_before_the_status_that_tells_of_them() -> None:
    bench = Bench()
    bench.reconcile()
    assert bench.server.requests == ["create ReplicaSet", "create ReplicaSet", "patch Experiment"]
    assert ("Experiment", "ExperimentPending") in bench.told


def test_the_next_decision_sees_the_answers_without_waiting_for_a_watch() -> None:
    bench = Bench(templates=[a_template("a", service={})])
    bench.reconcile()
    bench.reconcile()
    assert bench.server.requests == ["create Service", "patch Experiment"]
    bench.reconcile()
    assert bench.server.requests == []


@pytest.mark.parametrize("error", [UserError("spec.template: bad"), Refused("not allowed here")])
def test_pods_that_the_server_does_not_accept_are_an_error_with_its_words(error: Exception) -> None:
    bench = Bench()
    bench.server.faults["create ReplicaSet"] = error
    with pytest.raises(type(error)):
        bench.reconcile()
    assert bench.status["templateStatuses"][0] == {
        "name": "a",
        "status": "Error",
        "message": str(error),
        "lastTransitionTime": bench.status["templateStatuses"][0]["lastTransitionTime"],
    }
    for _ in range(2):
        try:
            bench.reconcile()
        except UserError:
            pytest.fail("it goes on trying")
    assert (bench.status["phase"], bench.status["message"]) == ("Error", str(error))


@pytest.mark.parametrize("error", [UserError("metadata.name: bad"), Refused("not allowed here")])
def test_a_run_that_the_server_does_not_accept_ends_the_experiment_with_its_words(error: Exception) -> None:
    bench = Bench(an_analysis())
    bench.reconcile()
    bench.pods_come()
    bench.server.faults["create AnalysisRun"] = error
    with pytest.raises(type(error)):
        bench.reconcile()
    assert [*bench.status["analysisRuns"]] == [{"name": "errors", "phase": "Error", "message": str(error)}]
    bench.reconcile()
    assert (bench.status["phase"], bench.status["message"]) == ("Error", str(error))


@pytest.mark.parametrize("error", [Transient("busy"), Conflict("moved")])
def test_what_may_pass_by_itself_is_tried_again(error: Exception) -> None:
    bench = Bench()
    bench.server.faults["create ReplicaSet"] = error
    with pytest.raises(type(error)):
        bench.reconcile()
    assert bench.status == {}
    bench.reconcile()
    assert bench.status["phase"] == "Pending"


def test_a_retry_that_came_meanwhile_is_not_overwritten() -> None:
    bench = Bench()
    bench.server.patch(EXPERIMENTS, "ns", "ab", {"spec": {"terminate": True}})
    with pytest.raises(Conflict):
        bench.reconcile()
    assert bench.status == {}


def test_everything_that_an_experiment_owns_wakes_it_up() -> None:
    bench = Bench(templates=[a_template("a", service={})])
    bench.reconcile()
    bench.woken.clear()
    bench.reconcile()  # its Service, then its own status
    assert bench.woken == ["ns/ab", "ns/ab"]
