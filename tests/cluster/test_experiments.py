"""Experiments on a real API server, alone and as a step of a canary, and what the established client shows of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.kube.api import Object
from reconciler.kube.client import connect
from reconciler.kube.objects import EXPERIMENTS, REPLICA_SETS, ROLLOUTS, SERVICES
from reconciler.workloads import keys
from tests.properties.experiment_world import a_template as a_side
from tests.testbed.access import Access
from tests.unit.daemon.engines import Engines

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]
STEP = {
    "experiment": {
        "duration": "4s",
        "scaleDownDelaySeconds": 1,
        "templates": [{"name": "old", "specRef": "stable"}, {"name": "new", "specRef": "canary", "service": {}}],
    }
}


@pytest.fixture
def engines(control_plane: Access, namespace: str) -> Iterator[Engines]:
    cluster = connect(str(control_plane.kubeconfig), user_agent="reconciler/experiments-test")
    with Engines(cluster, control_plane.kubeconfig, namespace) as found:
        yield found


class Watcher:
    """What is there, and waiting for it."""

    def __init__(self, engines: Engines) -> None:
        self.engines, self.cluster, self.namespace = engines, engines.cluster, engines.namespace

    def create(self, **spec: Any) -> None:
        wanted = {"templates": [a_side("a", service={}), a_side("b")], "scaleDownDelaySeconds": 1, **spec}
        body = {"apiVersion": EXPERIMENTS.api_version, "kind": EXPERIMENTS.kind, "metadata": {"name": "ab"}}
        self.cluster.create(EXPERIMENTS, self.namespace, {**body, "spec": wanted})

    def experiments(self) -> list[Object]:
        return self.cluster.list(EXPERIMENTS, self.namespace)

    def reach(self, phase: str) -> Object:
        """The only Experiment, once it is in that phase."""
        phases = lambda: [(each.get("status") or {}).get("phase") for each in self.experiments()]  # noqa: E731
        self.engines.wait_for(phase, lambda: phases() == [phase], self.experiments)
        return self.experiments()[0]

    def leave_nothing(self) -> None:
        sides = lambda: [rs["spec"]["replicas"] for rs in self.sides()]  # noqa: E731
        self.engines.wait_for("no pods", lambda: set(sides()) == {0}, sides)
        services = lambda: [s["metadata"]["name"] for s in self.cluster.list(SERVICES, self.namespace)]  # noqa: E731
        self.engines.wait_for("no Service", lambda: not services(), services)

    def sides(self) -> list[Object]:
        listed = self.cluster.list(REPLICA_SETS, self.namespace)
        return [rs for rs in listed if keys.EXPERIMENT in rs["metadata"].get("annotations", {})]


@pytest.fixture
def here(engines: Engines) -> Watcher:
    engines.run()
    return Watcher(engines)


def test_an_experiment_alone_runs_its_time_and_leaves_nothing_behind(here: Watcher) -> None:
    here.create(duration="2s")
    running = here.reach("Running")
    assert [each["status"] for each in running["status"]["templateStatuses"]] == ["Running", "Running"]
    assert here.reach("Successful")["status"]["availableAt"]
    here.leave_nothing()


def test_what_the_server_refuses_ends_it_with_its_words(here: Watcher) -> None:
    broken = a_side("a")
    broken["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 99_999}]
    here.create(templates=[broken])
    assert "65535" in here.reach("Error")["status"]["message"]


def test_a_step_of_a_canary_runs_copies_of_both_versions_and_goes_on(here: Watcher) -> None:
    here.engines.create("shop", steps=[STEP])
    here.engines.reach("Healthy", ["shop"])
    change = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "shop:2"}]}}}}
    here.cluster.patch(ROLLOUTS, here.namespace, "shop", change)
    running = here.reach("Running")
    images = {rs["spec"]["template"]["spec"]["containers"][0]["image"] for rs in here.sides()}
    assert images == {"shop:1", "shop:2"}
    hashes = [rs["metadata"]["labels"][keys.HASH] for rs in here.cluster.list(REPLICA_SETS, here.namespace)]
    assert len(set(hashes)) == len(hashes) == 4
    assert here.engines.get("shop")["status"]["canary"]["currentExperiment"] == running["metadata"]["name"]
    here.reach("Successful")
    here.engines.reach("Healthy", ["shop"])
    here.leave_nothing()


def test_the_established_client_shows_ends_and_retries_them(
    here: Watcher, control_plane: Access, rollouts_plugin: Path
) -> None:
    here.create()
    here.reach("Running")

    def argo(*words: str) -> str:
        where = ("-n", here.namespace, "--kubeconfig", str(control_plane.kubeconfig))
        done = subprocess.run([str(rollouts_plugin), *words, *where], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    shown = argo("get", "experiment", "ab", "--no-color")
    assert "Running" in shown and "ab-a" in shown and "ab-b" in shown
    argo("terminate", "experiment", "ab")
    here.reach("Successful")
    here.leave_nothing()
    here.cluster.patch(EXPERIMENTS, here.namespace, "ab", {"spec": {"terminate": None}})
    argo("retry", "experiment", "ab")
    here.reach("Running")
