"""Dashboard and alerts speak only of metrics that the daemon exposes, in expressions that Prometheus accepts."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.telemetry import measured, metrics

MANIFESTS = Path(__file__).parents[3] / "manifests"
DASHBOARD = MANIFESTS / "grafana" / "reconciler.json"
RULES = MANIFESTS / "prometheus" / "rules.yaml"
OPERATIONS = MANIFESTS.parent / "docs" / "operations.md"
METRIC = re.compile(r"\b(?:reconciler|process)_[a-z_]+\b")
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",), "info": ("_info",)}


def panels() -> list[dict[str, Any]]:
    return json.loads(DASHBOARD.read_text())["panels"]


def dashboard_expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel.get("targets", [])]


def alert_expressions() -> list[str]:
    return [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def exposed() -> set[str]:
    """Every sample name that can come out of the registry."""
    families = [*metrics.REGISTRY.collect(), *measured.Measured().collect()]
    return {family.name + suffix for family in families for suffix in SUFFIXES[family.type]}


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_the_committed_dashboard_is_what_its_generator_builds():
    place = importlib.util.spec_from_file_location("generate", MANIFESTS / "grafana" / "generate.py")
    assert place is not None and place.loader is not None
    generator = importlib.util.module_from_spec(place)
    place.loader.exec_module(generator)
    assert DASHBOARD.read_text() == generator.as_json()


def test_every_panel_and_every_query_has_a_name_of_its_own():
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        letters = [target["refId"] for target in panel.get("targets", [])]
        assert all(letters) and len(set(letters)) == len(letters)
        assert letters or panel["type"] == "row"


@pytest.mark.parametrize("expressions", [dashboard_expressions, alert_expressions], ids=["dashboard", "alerts"])
def test_every_metric_that_is_asked_for_is_one_that_the_daemon_exposes(expressions: Any):
    asked = {name for expression in expressions() for name in METRIC.findall(expression)}
    assert len(asked) >= 8
    assert asked <= exposed()


def test_every_expression_of_the_dashboard_is_valid(tmp_path: Path):
    plain = [text.replace("$application", ".*").replace("$__rate_interval", "5m") for text in dashboard_expressions()]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(plain)]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    checked = promtool("check", "rules", str(file))
    assert checked.returncode == 0, checked.stderr
    assert f"{len(plain)} rules found" in checked.stdout


def test_alerts_fire_when_they_should_and_only_then():
    checked = promtool("check", "rules", str(RULES))
    assert checked.returncode == 0, checked.stderr
    tried = promtool("test", "rules", str(RULES.with_name("rules.test.yaml")))
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_every_alert_has_a_test():
    tests = yaml.safe_load(RULES.with_name("rules.test.yaml").read_text())["tests"]
    fired = {each["alertname"] for test in tests for each in test["alert_rule_test"] if each.get("exp_alerts")}
    named = {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}
    assert fired == named


def test_every_alert_leads_to_what_to_do():
    documented = {
        line.removeprefix("### ").lower() for line in OPERATIONS.read_text().splitlines() if line[:4] == "### "
    }
    for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]:
        path, _, section = rule["annotations"]["runbook"].partition("#")
        assert (path, section) == ("docs/operations.md", rule["alert"].lower())
        assert section in documented
