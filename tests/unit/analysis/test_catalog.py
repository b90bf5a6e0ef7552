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


def test_one_that_never_ends_is_told_although_an_argument_is_known_only_later() -> None:
    args = [{"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
    [problem] = problems({"interval": "1m"}, "Step", args=args)
    assert "runs for ever" in problem
    assert problems({"interval": "1m", "count": "{{args.token}}"}, "Step", args=args) == []
    assert problems({"interval": "1m"}, "Background", args=args) == []


def of(analysis: dict[str, Any], *templates: Any, kind: RolloutRunKind = "Step") -> list[str]:
    return list(Catalog(lambda namespace: lookup(*templates)).problems("prod", analysis, kind))


CHECKS = {"templates": [{"templateName": "checks"}]}
NESTED = {"templateName": "deep", "clusterScope": True}
ONCE = [{"name": "errors", "provider": PROVIDER}]


@pytest.mark.parametrize(
    ("templates", "told"),
    [
        ([], 'AnalysisTemplate "checks" not found'),
        ([a_template("checks", templates=[NESTED])], 'ClusterAnalysisTemplate "deep" not found'),
        (
            [a_template("checks", "errors", templates=[NESTED]), a_template("deep", "errors", cluster=True)],
            'two metrics are named "errors"',
        ),
        (
            [
                a_template("checks", args=[{"name": "a", "value": "1"}], templates=[NESTED]),
                a_template("deep", cluster=True, args=[{"name": "a", "value": "2"}]),
            ],
            'templates give argument "a" different values: "1" and "2"',
        ),
        ([a_template("checks", args=[{"name": "a"}])], "args.a was not resolved"),
    ],
    ids=["missing", "nested one missing", "one metric twice", "one argument of two values", "no value"],
)
@pytest.mark.parametrize("kind", ["Step", "Background", "PrePromotion"])
def test_templates_that_cannot_become_a_run_are_told(templates: list[Any], told: str, kind: RolloutRunKind) -> None:
    assert [text for text in of(CHECKS, *templates, kind=kind) if told in text]


def test_everything_that_is_missing_is_told_at_once() -> None:
    analysis = {"templates": [{"templateName": name} for name in ("one", "two")]}
    assert len(of(analysis)) == 2
