"""The daemon runs whole Experiments, with everything that belongs to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.kube.api import Object
from reconciler.kube.client import HttpCluster
from reconciler.kube.instances import LABEL
from reconciler.kube.objects import ANALYSIS_TEMPLATES, EVENTS, EXPERIMENTS, REPLICA_SETS, ROLLOUTS, SERVICES
from reconciler.sandbox.demo.manifests import definitions
from reconciler.sandbox.server import Sandbox
from reconciler.workloads.keys import REVISION
from tests.properties.experiment_world import a_template as a_side
from tests.properties.experiment_world import an_analysis
from tests.unit.daemon.engines import DEFINITIONS, Engines, a_template
from tests.unit.daemon.world import ask


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[Engines]:
    with Sandbox() as sandbox:
        cluster = HttpCluster.for_url(sandbox.url)
        for definition in definitions():
            cluster.create(DEFINITIONS, None, definition)
        with Engines(cluster, sandbox.kubeconfig(tmp_path / "kubeconfig"), "default") as found:
            yield found


def create(engines: Engines, **spec: object) -> None:
    wanted = {"templates": [a_side("a", service={}), a_side("b")], "scaleDownDelaySeconds": 1, **spec}
    body = {"apiVersion": EXPERIMENTS.api_version, "kind": EXPERIMENTS.kind, "metadata": {"name": "ab"}, "spec": wanted}
    engines.cluster.create(EXPERIMENTS, "default", body)


def status(engines: Engines) -> Object:
    return engines.cluster.get(EXPERIMENTS, "default", "ab").get("status") or {}


def reach(engines: Engines, phase: str) -> None:
    engines.wait_for(phase, lambda: status(engines).get("phase") == phase, lambda: status(engines))


def test_an_experiment_runs_for_its_duration_and_leaves_no_pods_behind(engines: Engines) -> None:
    engines.run()
    create(engines, duration="2s")
    reach(engines, "Running")
    assert [each["metadata"]["name"] for each in engines.cluster.list(SERVICES, "default")] == ["ab-a"]
    reach(engines, "Successful")
    sizes = lambda: [rs["spec"]["replicas"] for rs in engines.cluster.list(REPLICA_SETS, "default")]  # noqa: E731
    engines.wait_for("no pods", lambda: sizes() == [0, 0], sizes)
    services = lambda: engines.cluster.list(SERVICES, "default")  # noqa: E731
    engines.wait_for("no Service", lambda: not services(), services)
    told = lambda: {event["reason"] for event in engines.cluster.list(EVENTS, "default")}  # noqa: E731
    engines.wait_for("its events", lambda: {"ExperimentRunning", "ExperimentSuccessful"} <= told(), told)


def test_its_runs_are_measured_and_decide(engines: Engines) -> None:
    metric = {"name": "errors", "provider": {"prometheus": {"address": "nowhere", "query": "up"}}}
    metric |= {"consecutiveErrorLimit": 0}
    engines.cluster.create(ANALYSIS_TEMPLATES, "default", {**a_template("errors"), "spec": {"metrics": [metric]}})
    engines.run()
    create(engines, analyses=[an_analysis()])
    reach(engines, "Error")
    assert "errors" in status(engines)["message"]
    assert [run["metadata"]["name"] for run in engines.runs()] == ["ab-errors"]


def test_dashboards_of_the_family_find_its_metrics(engines: Engines) -> None:
    daemon = engines.run()
    create(engines)
    reach(engines, "Running")
    shown = ask(f"{daemon.url}/metrics")[1].splitlines()
    for name in ("experiment_info", "experiment_phase"):
        assert f'{name}{{name="ab",namespace="default",phase="Running"}} 1.0' in shown
    assert any(line.startswith('experiment_reconcile_count{name="ab",namespace="default"}') for line in shown)


def test_the_page_gets_the_runs_of_a_rollouts_experiment(engines: Engines) -> None:
    engines.cluster.create(ANALYSIS_TEMPLATES, "default", a_template("errors"))
    daemon = engines.run()
    analyses = [an_analysis(requiredForCompletion=True)]
    step = {"experiment": {"templates": [{"name": "a", "specRef": "canary"}], "analyses": analyses}}
    engines.create("shop", steps=[step])
    engines.reach("Healthy", ["shop"])
    change = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "shop:2"}]}}}}
    engines.cluster.patch(ROLLOUTS, "default", "shop", change)
    found = lambda: [run.metadata for run in daemon._delivery.shown.runs_of("default", "shop")]  # noqa: E731
    engines.wait_for("its run", lambda: len(found()) == 1, found)
    assert found()[0].name.endswith("-2-0-errors")
    assert found()[0].annotations[REVISION] == "2"


def test_an_experiment_and_its_runs_are_for_the_engine_whose_id_they_carry(engines: Engines) -> None:
    engines.cluster.create(ANALYSIS_TEMPLATES, "default", a_template("errors"))
    engines.run()
    engines.run(instance_id="blue")
    body = {"apiVersion": EXPERIMENTS.api_version, "kind": EXPERIMENTS.kind}
    metadata = {"name": "ab", "labels": {LABEL: "blue"}}
    spec = {"templates": [a_side("a")], "analyses": [an_analysis()]}
    engines.cluster.create(EXPERIMENTS, "default", {**body, "metadata": metadata, "spec": spec})
    engines.wait_for("a run that began", lambda: any((run.get("status") or {}).get("phase") for run in engines.runs()))
    assert [run["metadata"]["labels"] for run in engines.runs()] == [{LABEL: "blue"}]
