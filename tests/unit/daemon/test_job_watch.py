"""On the in-memory API server: whose end is told, and when."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.analysis.model import AnalysisRun, RunSpec
from reconciler.analysis.providers.job import LABEL
from reconciler.daemon.job_watch import JobWatch
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import JOBS
from reconciler.runtime.clock import SystemClock
from reconciler.sandbox.server import Sandbox

TEMPLATE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
WITH_A_JOB = AnalysisRun(spec=RunSpec(metrics=({"name": "smoke", "provider": {"job": {}}},)))
WITHOUT = AnalysisRun(spec=RunSpec(metrics=({"name": "rate", "provider": {"prometheus": {}}},)))


class World:
    def __init__(self, url: str) -> None:
        self.cluster = HttpCluster.for_url(url)
        self.told: list[tuple[str, str]] = []
        self.watch = JobWatch(self.cluster, None, SystemClock(), lambda *ended: self.told.append(ended))

    def create(self, name: str, **labels: str) -> None:
        origin = {"namespace": "default", "name": "run", "metric-name": "smoke"}
        annotations = {f"analysisrun.argoproj.io/{key}": text for key, text in origin.items()}
        metadata = {"name": name, "labels": labels, "annotations": annotations}
        self.cluster.create(
            JOBS,
            "default",
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": TEMPLATE}},
        )

    def set(self, name: str, **status: Any) -> None:
        self.cluster.patch(JOBS, "default", name, {"status": status}, subresource="status")

    def wait(self, count: int) -> None:
        ends = time.monotonic() + 10
        while len(self.told) < count and time.monotonic() < ends:
            time.sleep(0.01)
        assert len(self.told) == count


@pytest.fixture
def world() -> Iterator[World]:
    with Sandbox() as sandbox:
        found = World(sandbox.url)
        yield found
        found.watch.stop()


def test_the_end_of_a_measurements_job_is_told_once(world: World) -> None:
    world.watch.start_for(WITH_A_JOB)
    world.create("ours", **{LABEL: "u"})
    world.create("another")
    world.set("another", conditions=[{"type": "Complete", "status": "True"}])
    world.set("ours", active=1)
    world.set("ours", conditions=[{"type": "Failed", "status": "True"}])
    world.wait(1)
    world.set("ours", conditions=[{"type": "Failed", "status": "True"}], failed=1)
    world.create("later", **{LABEL: "u"})
    world.set("later", conditions=[{"type": "Complete", "status": "True"}])
    world.wait(2)
    assert world.told == [("default/run", "smoke")] * 2


def test_nothing_is_watched_before_a_run_has_a_job(world: World) -> None:
    world.watch.start_for(WITHOUT)
    world.watch.start_for(None)
    world.create("ours", **{LABEL: "u"})
    world.set("ours", conditions=[{"type": "Complete", "status": "True"}])
    assert not world.told
    world.watch.start_for(WITH_A_JOB)
    world.wait(1)
