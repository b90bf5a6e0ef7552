"""The analysis engine on a real API server, as the daemon composes it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reconciler.analysis.controller import AnalysisController
from reconciler.analysis.measure import Measurer
from reconciler.analysis.model import AnalysisRun, decode_run
from reconciler.http.client import HttpClient
from reconciler.kube.client import HttpCluster, connect
from reconciler.kube.events import EventRecorder
from reconciler.kube.informer import Informer
from reconciler.kube.objects import ANALYSIS_RUNS
from reconciler.runtime.clock import SystemClock
from reconciler.runtime.loop import Engine
from reconciler.runtime.queue import WorkQueue
from tests.testbed.access import Access


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
