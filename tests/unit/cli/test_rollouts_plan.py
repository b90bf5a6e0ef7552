"""`reconciler rollouts plan` and `simulate` on files, without a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from reconciler.cli.rollouts import app
from reconciler.errors import UserError

EXAMPLE = Path(__file__).parents[3] / "manifests" / "examples" / "shop"
ROLLOUT = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  replicas: 4
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: web, image: "shop:2"}]}
  strategy:
    canary:
      steps:
        - setWeight: 25
        - analysis: {templates: [{templateName: errors}]}
        - pause: {}
"""
TEMPLATE = """
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: errors}
spec:
  metrics:
    - {name: errors, interval: 30s, count: 5, initialDelay: 1m, provider: {prometheus: {query: up}}}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def a_file(tmp_path: Path, text: str) -> str:
    (tmp_path / "rollout.yaml").write_text(text)
    return str(tmp_path / "rollout.yaml")


def test_a_plan_shows_each_step_with_pods_time_and_analysis(tmp_path: Path) -> None:
    shown = run("plan", a_file(tmp_path, ROLLOUT + TEMPLATE)).output
    lines = [line.split() for line in shown.splitlines()]
    assert ["1", "setWeight:", "25", "25%", "1", "3", "3-4", "-"] in lines
    assert ["2", "analysis", "25%", "1", "3", "4", "3m", "errors", "(5×)"] in lines
    assert ["3", "pause", "25%", "1", "3", "4", "until", "promoted"] in lines
    assert "Healthy after 3m and the time until somebody promotes" in shown
    assert "reconciler rollouts promote shop" in shown


def test_what_is_not_in_the_files_is_said_to_be_unknown(tmp_path: Path) -> None:
    shown = run("plan", a_file(tmp_path, ROLLOUT)).output
    assert 'AnalysisTemplate "errors" not found: how long its analysis takes is unknown' in shown


def test_an_analysis_without_end_cannot_be_waited_for(tmp_path: Path) -> None:
    shown = run("plan", a_file(tmp_path, ROLLOUT + TEMPLATE.replace("count: 5, ", ""))).output
    assert 'metric "errors" has an interval but no count' in shown


def test_times_that_are_arguments_are_those_of_the_rollout(tmp_path: Path) -> None:
    template = TEMPLATE.replace("count: 5", 'count: "{{args.count}}"').replace(
        "spec:\n", "spec:\n  args: [{name: count}]\n"
    )
    named = "{templateName: errors}]"
    given = ROLLOUT.replace(named, named + ', args: [{name: count, value: "3"}]')
    assert "errors (3×)" in run("plan", a_file(tmp_path, given + template)).output
    unknown = run("plan", a_file(tmp_path, ROLLOUT + template)).output
    assert 'metric "errors"' in unknown
    assert "how long its analysis takes is unknown" in unknown


def test_a_plan_as_a_document_has_lengths_in_seconds(tmp_path: Path) -> None:
    [found] = json.loads(run("plan", a_file(tmp_path, ROLLOUT + TEMPLATE), "-o", "json").output)["plans"]
    assert [row["took"] for row in found["plan"]["rows"]] == [0, 180, None, 0]
    assert found["plan"]["lasts"] == 180


def test_a_simulated_failure_shows_when_and_why_it_goes_back(tmp_path: Path) -> None:
    shown = run("simulate", a_file(tmp_path, ROLLOUT + TEMPLATE), "--analysis-fails-at", "90s").output
    assert "back to stable" in shown
    assert "Degraded after 1m30s: RolloutAborted" in shown


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (("--abort-at", "9"), "the update has 3 steps, so nobody aborts in step 9"),
        (("--analysis-fails-at", "9h"), "no analysis runs at that time or later"),
    ],
)
def test_a_failure_that_cannot_happen_is_told(tmp_path: Path, failure: tuple[str, ...], said: str) -> None:
    assert f"! nothing went wrong: {said}" in run("simulate", a_file(tmp_path, ROLLOUT + TEMPLATE), *failure).output


def test_the_example_of_the_documentation_can_be_planned() -> None:
    done = run("plan", str(EXAMPLE))
    assert (done.exit_code, "Rollout shop: 4 replicas, traffic is routed" in done.output) == (0, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\n", "no Rollout in"),
        (ROLLOUT.replace("setWeight: 25", "setWeight: 250"), "must be between 0 and 100"),
        (ROLLOUT.replace("canary:\n      steps", "blueGreen:\n      steps"), "activeService"),
        (ROLLOUT.replace("[{templateName: errors}]", "[errors]"), "analysis"),
        ("{", "rollout.yaml"),
    ],
    ids=["no rollout", "invalid", "blue-green without Service", "junk in an analysis", "not YAML"],
)
def test_what_cannot_be_planned_is_an_error(tmp_path: Path, text: str, expected: str) -> None:
    error = run("plan", a_file(tmp_path, text)).exception
    assert isinstance(error, UserError)
    assert expected in str(error)


def test_a_file_that_is_not_there_is_not_looked_for_in_a_cluster() -> None:
    assert "does not exist" in str(run("plan", "nowhere/rollout.yaml").exception)


WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: web, image: "shop:2"}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  replicas: 4
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: NAME}
  strategy: {canary: {steps: [{setWeight: 25}]}}
"""


def test_a_template_of_a_deployment_in_the_same_files_is_planned_with(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(WORKLOAD.replace("NAME", "web"))
    done = CliRunner().invoke(app, ["plan", str(tmp_path)])
    assert done.exit_code == 0, done.exception
    assert "setWeight: 25" in done.output


def test_a_workload_that_is_not_in_the_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(WORKLOAD.replace("NAME", "other"))
    done = CliRunner().invoke(app, ["plan", str(tmp_path)])
    assert isinstance(done.exception, UserError)
    assert "Deployment other, which is not in these files" in str(done.exception)


SCALER = """
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: busy}
spec:
  minReplicas: 2
  maxReplicas: 10
  scaleTargetRef: {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: shop}
"""


@pytest.mark.parametrize(
    ("written", "given", "planned"),
    [("replicas: 4", (), 4), ("replicas: 40", (), 10), ("", (), 2), ("", ("--replicas", "7"), 7)],
    ids=["within the limits", "more than it allows", "none: the fewest", "as asked for"],
)
def test_an_autoscaler_of_the_same_files_says_how_many_pods_are_planned_with(
    tmp_path: Path, written: str, given: tuple[str, ...], planned: int
) -> None:
    shown = run("plan", a_file(tmp_path, ROLLOUT.replace("replicas: 4", written) + SCALER), *given).output
    assert f"Rollout shop: {planned} replicas" in shown
    assert ("HorizontalPodAutoscaler busy chooses 2 to 10 pods" in shown) is not bool(given)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [b", "cannot be read"),
        (ROLLOUT.split("spec:")[0] + "spec: hello", "spec: Invalid value: it has no fields"),
    ],
    ids=["no YAML", "a text for a spec"],
)
def test_a_file_that_cannot_be_planned_says_why_without_a_traceback(tmp_path: Path, text: str, said: str) -> None:
    failed = run("plan", a_file(tmp_path, text)).exception
    assert isinstance(failed, UserError)
    assert said in str(failed)


def test_an_update_that_sticks_says_who_ends_it(tmp_path: Path) -> None:
    shown = run("simulate", a_file(tmp_path, ROLLOUT), "--never-ready").output
    assert "it stays like this until somebody runs `reconciler rollouts abort shop`" in shown
    ends = ROLLOUT.replace("replicas: 4", "replicas: 4\n  progressDeadlineAbort: true")
    assert "back to stable" in (shown := run("simulate", a_file(tmp_path, ends), "--never-ready").output)
    assert "stays like this" not in shown


def test_a_time_that_is_not_known_is_not_counted_as_none(tmp_path: Path) -> None:
    unknown = run("plan", a_file(tmp_path, ROLLOUT)).output
    assert "Healthy after 0s and the time of analyses, which is not known, and the time until" in unknown
    assert "not known" not in run("plan", a_file(tmp_path, ROLLOUT + TEMPLATE)).output


def test_a_rollout_that_is_refused_says_what_finds_the_line(tmp_path: Path) -> None:
    path = a_file(tmp_path, ROLLOUT.replace("setWeight: 25", "setWeight: 250"))
    failed = run("plan", path).exception
    assert isinstance(failed, UserError)
    assert "steps[0].setWeight" in str(failed) and f"reconciler lint {path}" in str(failed)
