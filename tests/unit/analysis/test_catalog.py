"""What a Rollout is told about its analyses before any of them runs."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.analysis.catalog import Catalog
from reconciler.analysis.model import RolloutRunKind
from tests.unit.analysis.test_build import a_template, lookup

PROVIDER = {"prometheus": {"query": "up"}}


def problems(metric: dict[str, Any], kind: RolloutRunKind, **spec: Any) -> list[str]:
    template = a_template("checks", metrics=[{"name": "errors", "provider": PROVIDER, **metric}], **spec)
    catalog = Catalog(lambda namespace: lookup(template))
    return list(catalog.problems("prod", {"templates": [{"templateName": "checks"}]}, kind))


@pytest.mark.parametrize("kind", ["Step", "PrePromotion", "PostPromotion"])
def test_an_analysis_that_is_waited_for_must_end_by_itself(kind: RolloutRunKind) -> None:
    [problem] = problems({"interval": "1m"}, kind)
    assert 'metric "errors" runs for ever' in problem and "give it a count" in problem


@pytest.mark.parametrize(
    "metric", [{}, {"interval": "1m", "count": 5}, {"interval": "1m", "count": "{{args.n}}"}], ids=str
)
def test_one_that_ends_is_accepted(metric: dict[str, Any]) -> None:
    assert problems(metric, "Step", args=[{"name": "n", "value": "5"}]) == []


def test_a_background_analysis_may_run_as_long_as_the_rollout() -> None:
    assert problems({"interval": "1m"}, "Background") == []


def test_a_metric_that_cannot_be_read_is_told_once() -> None:
    assert len(problems({"interval": "soon"}, "Step")) == 1
