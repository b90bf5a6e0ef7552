"""`reconciler analysis list|get|run|terminate|logs` on the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from typer.testing import CliRunner, Result

from reconciler.cli.verbs import app
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import ANALYSIS_RUNS, ANALYSIS_TEMPLATES
from reconciler.sandbox.server import Sandbox

CRDS = Path(__file__).parents[3] / "manifests" / "crds"
METRIC = {
    "name": "errors",
    "interval": "10s",
    "count": 3,
    "successCondition": "result[0] < {{args.limit}}",
    "provider": {"prometheus": {"query": "vector(0)"}},
}
MEASURED = [
    {"phase": "Successful", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:00Z", "value": "[0]"},
    {"phase": "Failed", "startedAt": "2026-01-01T00:00:10Z", "finishedAt": "2026-01-01T00:00:10Z", "value": "[0.3]"},
]
ENDED = {
    "phase": "Failed",
    "message": 'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)',
    "startedAt": "2026-01-01T00:00:00Z",
    "completedAt": "2026-01-01T00:00:10Z",
    "runSummary": {"count": 1, "failed": 1},
    "metricResults": [
        {"name": "errors", "phase": "Failed", "count": 2, "successful": 1, "failed": 1, "measurements": MEASURED}
    ],
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as server:
        cluster = HttpCluster.for_url(server.url)
        definitions = cluster.find("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        for name in ("analysisruns", "analysistemplates", "clusteranalysistemplates"):
            crd = yaml.safe_load((CRDS / f"{name}.yaml").read_text())
            cluster.apply(definitions, None, crd["metadata"]["name"], crd)
        yield server


class Shell:
    """The command line, in a namespace of its own."""

    def __init__(self, sandbox: Sandbox, directory: Path, namespace: str) -> None:
        self.cluster, self.namespace = HttpCluster.for_url(sandbox.url), namespace
        self._kubeconfig = str(sandbox.kubeconfig(directory / "kubeconfig"))
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        self.cluster.create(self.cluster.find("v1", "Namespace"), None, body)

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["analysis", *words, "--kubeconfig", self._kubeconfig, "-n", self.namespace])

    def has(self, resource: Any, body: dict[str, Any]) -> None:
        self.cluster.create(resource, self.namespace, {"apiVersion": "argoproj.io/v1alpha1", **body})

    def has_run(self, name: str, status: dict[str, Any] | None = None) -> None:
        spec = {"metrics": [METRIC], "args": [{"name": "limit", "value": "0.1"}]}
        self.has(
            ANALYSIS_RUNS, {"kind": "AnalysisRun", "metadata": {"name": name}, "spec": spec, "status": status or {}}
        )

    def runs(self) -> list[dict[str, Any]]:
        return self.cluster.list(ANALYSIS_RUNS, self.namespace)


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Shell:
    return Shell(sandbox, tmp_path, f"s{abs(hash(request.node.name)) % 10**8}")


def test_list_shows_each_run_on_a_line(shell: Shell) -> None:
    shell.has_run("good")
    shell.has_run("bad", ENDED)
    shown = shell.run("list").output
    assert "✖ Failed" in next(line for line in shown.splitlines() if line.startswith("bad"))
    assert "10s" in next(line for line in shown.splitlines() if line.startswith("bad"))
    assert any(line.startswith("good") for line in shown.splitlines())


@pytest.mark.parametrize("verb", [("list",), ("get", "bad")], ids=["list", "get"])
def test_no_line_ends_with_blanks_where_nobody_looks_at_a_terminal(shell: Shell, verb: tuple[str, ...]) -> None:
    shell.has_run("bad", ENDED)
    shown = shell.run(*verb).output.splitlines()
    assert shown == [line.rstrip() for line in shown]


def test_get_tells_why_a_run_failed_with_conditions_filled_in(shell: Shell) -> None:
    shell.has_run("bad", ENDED)
    shown = shell.run("get", "bad").output
    for expected in ("failed (1) > failureLimit (0)", "result[0] < 0.1", "2/3 ✔ 1 ✖ 1", "[0.3]", "limit=0.1"):
        assert expected in shown
    document = json.loads(shell.run("get", "bad", "-o", "json").output)
    assert document["run"]["status"]["phase"] == "Failed"


def test_plot_draws_each_measurement_and_the_limit(shell: Shell) -> None:
    shell.has_run("bad", ENDED)
    root = ElementTree.fromstring(shell.run("plot", "bad").output)
    drawn = [each.tag.rpartition("}")[2] for each in root.iter()]
    assert (drawn.count("svg"), drawn.count("circle")) == (1, 2)
    assert "success 0.1" in [each.text for each in root.iter()]
    assert 'no AnalysisRun "none"' in str(shell.run("plot", "none").exception)


def test_get_that_watches_ends_with_the_run_and_fails_with_it(shell: Shell) -> None:
    shell.has_run("bad", ENDED)
    shell.has_run("good", {**ENDED, "phase": "Successful"})
    assert [shell.run("get", name, "-w").exit_code for name in ("bad", "good")] == [1, 0]


def test_logs_are_measurements_in_the_order_of_time(shell: Shell) -> None:
    shell.has_run("bad", ENDED)
    lines = shell.run("logs", "bad").output.splitlines()
    assert lines[:2] == ["00:00:00  errors  Successful  [0]", "00:00:10  errors  Failed  [0.3]"]
    assert "Failed" in lines[2]
    assert len(shell.run("logs", "bad", "--metric", "other").output.splitlines()) == 1


def test_run_makes_what_the_engine_measures_and_terminate_asks_for_its_end(shell: Shell) -> None:
    spec = {"args": [{"name": "limit"}], "metrics": [METRIC]}
    shell.has(ANALYSIS_TEMPLATES, {"kind": "AnalysisTemplate", "metadata": {"name": "errors"}, "spec": spec})
    assert "--arg limit=VALUE" in str(shell.run("run", "errors").exception)
    made = shell.run("run", "errors", "--arg", "limit=0.2", "--name", "by-hand", "--instance-id", "blue")
    assert (made.exit_code, "analysis get by-hand" in made.output) == (0, True)
    run = shell.runs()[0]
    assert (run["metadata"]["name"], run["spec"]["args"]) == ("by-hand", [{"name": "limit", "value": "0.2"}])
    assert run["metadata"]["labels"]["argo-rollouts.argoproj.io/controller-instance-id"] == "blue"
    assert "asked to end" in shell.run("terminate", "by-hand").output
    assert shell.runs()[0]["spec"]["terminate"] is True


def test_terminate_leaves_a_run_alone_that_has_ended(shell: Shell) -> None:
    shell.has_run("bad", ENDED)
    assert "has ended already: Failed" in shell.run("terminate", "bad").output
    assert "terminate" not in shell.runs()[0]["spec"]


def test_a_run_that_is_not_there_is_said_to_be_missing_with_the_way_to_find_others(shell: Shell) -> None:
    assert "analysis list" in str(shell.run("get", "nothing").exception)
