"""`reconciler analysis test`: templates from files, single and whole trials, and what is said of each measurement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from reconciler.analysis.measure import Measurer
from reconciler.analysis.metric import Metric
from reconciler.analysis.model import Argument, Phase
from reconciler.cli.analysis import explaining, templates
from reconciler.cli.analysis.trying import Trial, trial
from reconciler.cli.verbs import app
from reconciler.errors import UserError
from reconciler.http.model import Request, Response
from reconciler.kube.api import Cluster
from reconciler.runtime.clock import VirtualClock

WEB = {"web": {"url": "http://metrics.example/{{args.service}}", "jsonPath": "{$.rate}"}}
METRIC: dict[str, Any] = {"name": "rate", "successCondition": "result > 0.9", "provider": WEB}


def template(name: str, *metrics: dict[str, Any], **spec: Any) -> dict[str, Any]:
    body = {"args": [{"name": "service"}], "metrics": list(metrics), **spec}
    api = "argoproj.io/v1alpha1"
    return {"apiVersion": api, "kind": "AnalysisTemplate", "metadata": {"name": name}, "spec": body}


def written(directory: Path, *objects: dict[str, Any]) -> Path:
    path = directory / "templates.yaml"
    path.write_text(yaml.safe_dump_all(objects))
    return path


def tried(path: Path, rates: Sequence[Any], *, whole: bool = False) -> tuple[Trial, list[Request]]:
    """A trial against a server that answers with one rate after the other, the last one for ever."""
    asked: list[Request] = []

    def send(request: Request) -> Response:
        rate = rates[min(len(asked), len(rates) - 1)]
        asked.append(request)
        return Response(200 if rate is not None else 503, {}, json.dumps({"rate": rate}).encode())

    clock = VirtualClock()
    measurer = Measurer(cast(Cluster, None), send, clock)
    wanted = templates.measured(templates.in_files(path), [Argument(name="service", value="shop")])
    return trial(wanted, "quality", "shop", measurer, clock, whole=whole), asked


def said(found: Trial) -> str:
    console = Console(file=StringIO(), width=120)
    for step in found.steps():
        console.print(explaining.explained(step))
    console.print(explaining.verdict(found))
    return cast(StringIO, console.file).getvalue()


def test_each_metric_is_measured_once_whatever_its_count_delay_and_limits(tmp_path: Path) -> None:
    metric = METRIC | {"interval": "10s", "count": 5, "initialDelay": "1h", "failureLimit": 3}
    found, asked = tried(written(tmp_path, template("quality", metric)), [0.5])
    text = said(found)
    assert [request.url for request in asked] == ["http://metrics.example/shop"]
    assert "result > 0.9  → false" in text
    assert "measured once: ✖ Failed" in text
    assert not found.successful


def test_a_whole_trial_goes_on_with_intervals_to_the_verdict_of_the_run(tmp_path: Path) -> None:
    metric = METRIC | {"interval": "10s", "count": 3, "failureLimit": 1}
    found, asked = tried(written(tmp_path, template("quality", metric)), [0.95, 0.5, 0.95], whole=True)
    started = found.clock.now()
    text = said(found)
    assert (len(asked), found.clock.now() - started) == (3, timedelta(seconds=20))
    assert "the run would be ✔ Successful" in text
    assert found.successful


def test_a_provider_that_cannot_be_reached_is_an_error_at_once_when_measured_once(tmp_path: Path) -> None:
    found, asked = tried(written(tmp_path, template("quality", METRIC)), [None])
    text = said(found)
    assert len(asked) == 1
    assert "503" in text
    assert "→" not in text, "no condition was evaluated"
    assert "measured once: ⚠ Error" in text


def test_waiting_for_data_is_no_verdict(tmp_path: Path) -> None:
    made = template("quality", METRIC | {"provider": {"web": {**WEB["web"], "jsonPath": "{$.rate[*]}"}}})
    made["metadata"]["annotations"] = {"reconciler.dev/min-samples.rate": "3"}
    found, _ = tried(written(tmp_path, made), [[1, 2]])
    assert "no verdict: waiting for data of rate" in said(found)
    assert not found.successful


CASES = [
    ("success only, held", "s", "", Phase.SUCCESSFUL, [True]),
    ("success only, did not", "s", "", Phase.FAILED, [False]),
    ("failure only, held", "", "f", Phase.FAILED, [True]),
    ("both, good", "s", "f", Phase.SUCCESSFUL, [True, False]),
    ("both, bad: success does not matter", "s", "f", Phase.FAILED, [None, True]),
    ("both, neither", "s", "f", Phase.INCONCLUSIVE, [False, False]),
]


@pytest.mark.parametrize(("success", "failure", "phase", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_each_condition_said_follows_from_the_verdict(
    success: str, failure: str, phase: Phase, expected: list[bool | None]
) -> None:
    metric = Metric("m", success_condition=success, failure_condition=failure)
    assert [answer for _, _, answer in explaining.conditions(metric, phase)] == expected


def test_arguments_that_are_missing_or_misspelt_are_all_named(tmp_path: Path) -> None:
    chosen = templates.in_files(written(tmp_path, template("quality", METRIC)))
    with pytest.raises(UserError) as caught:
        templates.measured(chosen, [Argument(name="servce", value="shop")])
    assert [problem.what for problem in caught.value.problems] == [
        'the template has no argument "servce"',
        "args.service was not resolved",
    ]


def test_a_file_with_several_templates_asks_which_one_unless_the_others_are_its_parts(tmp_path: Path) -> None:
    whole = template("whole", templates=[{"templateName": "part"}])
    assert templates.in_files(written(tmp_path, template("part", METRIC), whole)).reference.template_name == "whole"
    two = written(tmp_path, template("one", METRIC), template("two", METRIC))
    with pytest.raises(UserError, match="--template"):
        templates.in_files(two)
    assert templates.in_files(two, "two").reference.template_name == "two"


def test_without_a_cluster_a_secret_is_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    secret = {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    path = written(tmp_path, template("quality", METRIC, args=[secret, {"name": "service", "value": "x"}]))
    result = CliRunner().invoke(app, ["analysis", "test", str(path)])
    assert (result.exit_code, "kubeconfig" in result.output) == (1, True)


def test_an_argument_without_equals_sign_is_refused() -> None:
    result = CliRunner().invoke(app, ["analysis", "test", "x.yaml", "--arg", "service"])
    assert (result.exit_code, "NAME=VALUE" in result.output) == (2, True)
