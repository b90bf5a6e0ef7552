"""What the pages tell people to write is right: examples are linted, and examples of Rollouts can be planned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from reconciler.cli.verbs import app

DOCS = Path(__file__).parents[3] / "docs"
POD = {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [{"name": "web", "image": "shop:2"}]}}


def blocks(page: str) -> list[Any]:
    """The YAML examples of a page, decoded."""
    parts = (DOCS / page).read_text().split("```yaml\n")[1:]
    return [yaml.safe_load(part.split("```", 1)[0]) for part in parts]


@pytest.mark.parametrize(("page", "index"), [("analysis.md", 0), ("experiments.md", 0)])
def test_whole_objects_are_valid(page: str, index: int, tmp_path: Path) -> None:
    (tmp_path / "object.yaml").write_text(yaml.safe_dump(blocks(page)[index]))
    found = CliRunner().invoke(app, ["lint", str(tmp_path)])
    assert found.exit_code == 0, found.output


@pytest.mark.parametrize(("page", "index"), [("analysis.md", 1), ("experiments.md", 1)])
def test_strategies_can_be_planned(page: str, index: int, tmp_path: Path) -> None:
    spec = {"selector": {"matchLabels": {"app": "shop"}}, "template": POD, "replicas": 4, **blocks(page)[index]}
    for step in spec["strategy"]["canary"]["steps"]:
        for template in (step.get("experiment") or {}).get("templates", ()):
            template.pop("weight", None)  # for a router, which this one does not have
    rollout = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "spec": spec}
    (tmp_path / "rollout.yaml").write_text(yaml.safe_dump_all([rollout, blocks("analysis.md")[0]]))
    planned = CliRunner().invoke(app, ["rollouts", "plan", str(tmp_path)])
    assert planned.exception is None
    assert "Healthy after" in planned.output
