"""AnalysisRuns on a real API server, judged by a real Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from reconciler.analysis.controller import AnalysisController
from reconciler.analysis.measure import Measurer
from reconciler.analysis.model import AnalysisRun, Phase, decode_run
from reconciler.analysis.readings import explain
from reconciler.http.client import HttpClient
from reconciler.kube.client import HttpCluster, connect
from reconciler.kube.events import EventRecorder
from reconciler.kube.informer import Informer
from reconciler.kube.objects import ANALYSIS_RUNS, EVENTS, SECRETS
from reconciler.runtime.clock import SystemClock
from reconciler.runtime.loop import Engine
from reconciler.runtime.queue import WorkQueue
from tests.testbed.access import Access
from tests.testbed.network import HOST
from tests.testbed.prometheus import Prometheus

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It scrapes itself."""
    targets: dict[str, str] = {}
    server = Prometheus(tmp_path_factory.mktemp("prometheus"), HOST, targets)
    targets["self"] = urlsplit(server.url).netloc
    with server:
        until(lambda: server.query("up == 1"), 15)
        yield server


@pytest.fixture
def analyses(control_plane: Access, namespace: str, prometheus: Prometheus) -> Iterator[Analyses]:
    analyses = Analyses(control_plane, namespace, prometheus.url)
    analyses.start()
    yield analyses
    analyses.stop()


class Analyses:
    """The analysis engine as the daemon composes it, for one namespace."""

    def __init__(self, control_plane: Access, namespace: str, prometheus_url: str) -> None:
        clock = SystemClock()
        self.namespace = namespace
        self.cluster: HttpCluster = connect(str(control_plane.kubeconfig), user_agent="reconciler/analysis-test")
        self.runs = Informer(self.cluster, ANALYSIS_RUNS, decode_run, namespace=namespace, clock=clock)
        self.events = EventRecorder(self.cluster, "analysis-test", clock)
        self.pool = ThreadPoolExecutor(4)
        queue = WorkQueue(clock)
        controller = AnalysisController(
            self.cluster,
            self.runs.store,
            clock,
            self.events,
            Measurer(self.cluster, HttpClient("analysis-test").send, clock, prometheus_url),
            self.pool,
            queue.add,
        )
        self.engine = Engine("analysis", controller.reconcile, queue, clock, threads=2)
        self.runs.store.subscribe(lambda old, new: queue.add(key_of(new or old)))

    def start(self) -> None:
        self.events.start()
        self.engine.start()
        self.runs.start()
        assert self.runs.wait_synced(10)

    def stop(self) -> None:
        self.runs.stop()
        self.engine.stop(5)
        self.pool.shutdown()
        self.events.stop()

    def create(self, name: str, *metrics: dict[str, Any], **spec: Any) -> None:
        body = {
            "apiVersion": ANALYSIS_RUNS.api_version,
            "kind": ANALYSIS_RUNS.kind,
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"metrics": list(metrics), **spec},
        }
        self.cluster.create(ANALYSIS_RUNS, self.namespace, body)

    def completed(self, name: str, seconds: float = 20) -> AnalysisRun:
        return until(lambda: self._complete(name), seconds)

    def get(self, name: str) -> AnalysisRun | None:
        return self.runs.store.get(self.namespace, name)

    def _complete(self, name: str) -> AnalysisRun | None:
        run = self.get(name)
        return run if run is not None and run.status.phase.complete else None


def key_of(run: AnalysisRun | None) -> str:
    assert run is not None
    return f"{run.metadata.namespace}/{run.metadata.name}"


def until(look: Any, seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"did not happen within {seconds} s")


def a_metric(name: str, query: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "provider": {"prometheus": {"query": query}}, **fields}


def test_a_good_and_a_bad_metric_get_their_verdicts(analyses: Analyses) -> None:
    analyses.create("good", a_metric("up", "up", successCondition="all(result, # == 1)"))
    analyses.create("bad", a_metric("errors", "vector(0.25)", successCondition="result[0] < 0.1"))
    assert analyses.completed("good").status.phase is Phase.SUCCESSFUL
    bad = analyses.completed("bad")
    assert bad.status.message == 'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)'
    assert explain(bad) == ("errors", "[0.25]", "result[0] < 0.1", "Failed")


def test_an_interval_is_kept_and_events_tell_the_story(analyses: Analyses) -> None:
    analyses.create("three", a_metric("up", "up", interval="1s", count=3, successCondition="result[0] == 1"))
    run = analyses.completed("three")
    assert run.status.started_at is not None
    assert run.status.completed_at is not None
    assert 2 <= (run.status.completed_at - run.status.started_at).total_seconds() <= 4
    assert run.status.metric_results[0].count == 3
    reasons = {"AnalysisRunRunning", "MetricSuccessful", "AnalysisRunSuccessful"}
    until(lambda: reasons <= {event["reason"] for event in analyses.cluster.list(EVENTS, analyses.namespace)}, 10)


def test_a_terminated_run_ends(analyses: Analyses) -> None:
    analyses.create("endless", a_metric("up", "up", interval="1s", successCondition="result[0] == 1"))
    until(lambda: (run := analyses.get("endless")) and run.status.metric_results, 10)
    analyses.cluster.patch(ANALYSIS_RUNS, analyses.namespace, "endless", {"spec": {"terminate": True}})
    run = analyses.completed("endless", 5)
    assert (run.status.phase, run.status.message) == (Phase.SUCCESSFUL, "Run Terminated")


def test_a_secret_becomes_a_header_and_is_stored_nowhere(analyses: Analyses) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "namespace": analyses.namespace},
        "stringData": {"k": "hunter2hunter2"},
    }
    analyses.cluster.create(SECRETS, analyses.namespace, secret)
    metric = a_metric("m", "vector(1)", successCondition="result[0] == '{{args.token}}'", consecutiveErrorLimit=0)
    metric["provider"]["prometheus"]["headers"] = [{"key": "X-Token", "value": "{{args.token}}"}]
    args = [{"name": "token", "valueFrom": {"secretKeyRef": {"name": "token", "key": "k"}}}]
    analyses.create("secretive", metric, args=args)
    run = analyses.completed("secretive")
    assert "mismatched types float64 and string" in run.status.message
    assert "hunter2" not in str(analyses.cluster.get(ANALYSIS_RUNS, analyses.namespace, "secretive"))


def test_expired_runs_are_deleted(analyses: Analyses) -> None:
    metric = a_metric("m", "vector(1)", successCondition="result[0] == 1")
    analyses.create("short", metric, ttlStrategy={"secondsAfterCompletion": 2})
    until(lambda: analyses.get("short"), 5)
    until(lambda: analyses.get("short") is None, 10)
