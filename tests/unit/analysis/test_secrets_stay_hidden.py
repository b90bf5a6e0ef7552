"""A secret argument shows nowhere that people look: value, message, metadata, condition, however it is spelt."""

from __future__ import annotations

import pytest

from reconciler.analysis.readings import readings
from reconciler.analysis.secrets import mask
from reconciler.analysis.series import series
from tests.unit.analysis.test_analysis_controller import World, a_metric

SECRET = 'pa"ss wörd/1'
SPELT = [SECRET, 'pa\\"ss wörd/1', "pa%22ss%20w%C3%B6rd%2F1", "pa%22ss+w%C3%B6rd%2F1"]


@pytest.mark.parametrize("spelling", SPELT)
def test_a_secret_is_masked_as_it_is_and_as_it_stands_in_json_and_addresses(spelling: str) -> None:
    assert mask(f"before {spelling} after", [SECRET]) == "before ***** after"


def test_a_run_shows_a_secret_nowhere() -> None:
    metric = a_metric(successCondition="result[5] < {{args.limit}}")
    metric["provider"]["prometheus"]["query"] = 'up{token="{{args.limit}}"}'
    reference = {"secretKeyRef": {"name": "s", "key": "k"}}
    world = World(metric, answers=[[1.0]], args=[{"name": "limit", "valueFrom": reference}])
    world.server.secrets["s"] = {"k": "314159"}
    world.reconcile()
    world.answer()
    assert "314159" in world.requests[0].url
    for shown in (world.server.run, world.events, readings(world.run), series(world.run)):
        assert "314159" not in str(shown)
    assert "*****" in str(world.server.run)
