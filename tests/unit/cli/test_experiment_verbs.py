"""`reconciler experiments …`, and Experiments in the tree of their Rollout, on the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from reconciler.cli.verbs import app
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import ANALYSIS_RUNS, EXPERIMENTS, REPLICA_SETS, ROLLOUTS
from reconciler.sandbox.server import Sandbox
from reconciler.workloads import keys
from reconciler.workloads.times import stamp
from tests.properties.experiment_world import a_template

CRDS = Path(__file__).parents[3] / "manifests" / "crds"
RUNNING = {
    "phase": "Running",
    "availableAt": "2026-01-01T00:00:00Z",
    "templateStatuses": [{"name": "a", "status": "Running", "availableReplicas": 1, "serviceName": "ab-a"}],
}
ENDED = {"phase": "Failed", "message": "b is slow"}


class Shell:
    """The command line, in a namespace of its own."""

    def __init__(self, sandbox: Sandbox, directory: Path, namespace: str) -> None:
        self.cluster, self.namespace = HttpCluster.for_url(sandbox.url), namespace
        self._kubeconfig = str(sandbox.kubeconfig(directory / "kubeconfig"))
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        self.cluster.create(self.cluster.find("v1", "Namespace"), None, body)

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--kubeconfig", self._kubeconfig, "-n", self.namespace])

    def says(self, *words: str) -> str:
        done = self.run(*words)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    def has(self, resource: Any, name: str, spec: Any, owner: Any = None, **more: Any) -> Any:
        metadata = {"name": name, **more.pop("metadata", {})}
        if owner:
            reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
            metadata["ownerReferences"] = [{**reference, "uid": owner["metadata"]["uid"], "controller": True}]
        body = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec, **more}
        return self.cluster.create(resource, self.namespace, body)

    def experiment(self, status: Any, owner: Any = None, **spec: Any) -> Any:
        wanted = {"templates": [a_template("a")], "duration": "5m", **spec}
        metadata = {"annotations": {keys.REVISION: "2"}}
        found = self.has(EXPERIMENTS, "ab", wanted, owner, status=status, metadata=metadata)
        template = a_template("a")
        labels = {
            "metadata": {"labels": {"app": "shop", keys.HASH: "h"}, "annotations": {keys.EXPERIMENT_TEMPLATE: "a"}}
        }
        sets = {"replicas": 0, "selector": template["selector"], "template": template["template"]}
        self.has(REPLICA_SETS, "ab-a", sets, found, **labels)
        self.has(ANALYSIS_RUNS, "ab-errors", {"metrics": []}, found, status={"phase": "Running"})
        return found

    def stored(self) -> Any:
        return self.cluster.get(EXPERIMENTS, self.namespace, "ab")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as server:
        cluster = HttpCluster.for_url(server.url)
        definitions = cluster.find("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        for name in ("experiments", "rollouts", "analysisruns"):
            crd = yaml.safe_load((CRDS / f"{name}.yaml").read_text())
            cluster.apply(definitions, None, crd["metadata"]["name"], crd)
        yield server


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Shell:
    return Shell(sandbox, tmp_path, f"s{abs(hash(request.node.name)) % 10**8}")


def test_list_shows_each_experiment_on_a_line(shell: Shell) -> None:
    shell.experiment(RUNNING)
    (line,) = [line for line in shell.says("experiments", "list").splitlines() if line.startswith("ab")]
    assert "◌ Running" in line and "5m" in line and "1/1" in line


def test_get_shows_templates_and_what_belongs_to_them(shell: Shell) -> None:
    shell.experiment(RUNNING)
    shown = shell.says("experiments", "get", "ab")
    assert "Σ ab" in shown and "└──α ab-errors" in shown
    (line,) = [line for line in shown.splitlines() if "ab-a " in line and "RS" in line]
    assert "template:a,service:ab-a" in line


def test_get_says_when_it_ends(shell: Shell) -> None:
    began = datetime.now(UTC) - timedelta(minutes=1)
    shell.experiment({**RUNNING, "availableAt": stamp(began)})
    shown = shell.says("experiments", "get", "ab")
    assert "Ends:        in 3m5" in shown and f"({began + timedelta(minutes=5):%H:%M:%S} UTC)" in shown


def test_get_shows_one_that_began_at_a_time_from_which_nobody_can_count(shell: Shell) -> None:
    shell.experiment({**RUNNING, "availableAt": "9999-12-31T23:59:59Z"})
    assert "◌ Running" in shell.says("experiments", "get", "ab")


def test_get_as_json_is_the_whole_object(shell: Shell) -> None:
    shell.experiment(RUNNING)
    found = json.loads(shell.says("experiments", "get", "ab", "-o", "json"))
    assert (found["version"], found["experiment"]["status"]["phase"]) == (1, "Running")


def test_watching_ends_with_it_and_a_failure_is_exit_code_1(shell: Shell) -> None:
    shell.experiment(ENDED)
    done = shell.run("experiments", "get", "ab", "-w")
    assert done.exit_code == 1
    assert "b is slow" in done.output


def test_terminate_asks_one_that_runs_to_end_and_leaves_one_that_has_ended(shell: Shell) -> None:
    shell.experiment(RUNNING)
    assert "is asked to end" in shell.says("experiments", "terminate", "ab")
    assert shell.stored()["spec"]["terminate"] is True
    shell.cluster.patch(EXPERIMENTS, shell.namespace, "ab", {"status": {"phase": "Successful"}})
    assert "has ended already: Successful" in shell.says("experiments", "terminate", "ab")


def test_retry_forgets_how_it_ended(shell: Shell) -> None:
    shell.experiment(ENDED, terminate=True)
    assert "runs again" in shell.says("experiments", "retry", "ab")
    stored = shell.stored()
    assert ("status" in stored, "terminate" in stored["spec"]) == (False, False)


def test_retry_refuses_one_that_still_runs(shell: Shell) -> None:
    shell.experiment(RUNNING)
    done = shell.run("experiments", "retry", "ab")
    assert done.exit_code != 0
    assert "has not ended: Running" in str(done.exception)
    assert shell.stored()["status"] == RUNNING


def test_an_unknown_name_says_where_to_look(shell: Shell) -> None:
    assert 'no Experiment "ab"' in str(shell.run("experiments", "get", "ab").exception)


def test_the_tree_of_a_rollout_has_its_experiment_under_the_revision(shell: Shell) -> None:
    labels = {"app": "shop"}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "shop:1"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": pods, "strategy": {"canary": {}}}
    rollout = shell.has(ROLLOUTS, "shop", spec)
    shell.experiment(RUNNING, rollout)
    lines = shell.says("rollouts", "get", "shop").splitlines()
    start = next(index for index, line in enumerate(lines) if "# revision:2" in line)
    shown = [line.split()[1] if "──" in line else "" for line in lines[start + 1 : start + 4]]
    assert shown == ["ab", "ab-a", "ab-errors"]
