"""Experiments get their share of the traffic from the stable side, while the steps decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.rollouts.intents import RecordEvent
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import Destination
from reconciler.rollouts.traffic import shift
from reconciler.rollouts.traffic.split import desired_split
from tests.unit.rollouts.test_requests_of_users import an_update

EXTRA = (Destination(weight=5, service_name="a", pod_template_hash="3"), Destination(weight=7, service_name="b"))


def experimenting(**status: bool) -> World:
    cluster = an_update([{"setWeight": 60}, {"pause": {}}], traefik=True, replicas=5)
    return replace(cluster.world(), additional=EXTRA).with_status(**status)


def test_experiments_take_their_share_from_the_stable_version() -> None:
    split = desired_split(experimenting())
    assert split is not None
    assert (split.canary.weight, split.stable.weight, split.additional) == (60, 28, EXTRA)


@pytest.mark.parametrize("given_up", ["abort", "promote_full"])
def test_experiments_lose_their_share_when_the_update_is_decided(given_up: str) -> None:
    split = desired_split(experimenting(**{given_up: True}))
    assert split is not None
    assert split.additional == ()


def test_a_changed_share_of_experiments_is_told() -> None:
    told = shift.reconcile(experimenting())
    assert told.world.weights is not None
    assert told.world.weights.additional == EXTRA
    events = [intent.message for intent in told.intents if isinstance(intent, RecordEvent)]
    assert events == ["Traffic weight updated from 60 to 60, additional: a=5, b=7"]
