"""The founding story, with nothing simulated but the containers: a push is judged by its users and the commit says so.

A real forge calls the daemon's webhook; the daemon drives a real API server and a real proxy with real requests; a real
Prometheus measures them; the forge's own API tells the outcome. A good, a failing and a merely slow version.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e import report
from tests.e2e.delivery import Delivery, Witness
from tests.e2e.ground import NAMESPACE
from tests.e2e.invariants import Guard
from tests.e2e.world import world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]
FEWEST_MOVES = 25
"""Each version but the first needs pods, weights and both Services moved: fewer writes mean that nobody watched."""
_TAGS = ("1", "2-good", "3-failing", "4-slow", "5-good")


@pytest.fixture(scope="module")
def story() -> Iterator[dict[str, Delivery]]:
    with ExitStack() as stack:
        running = stack.enter_context(world(rate=40))
        daemon = running.daemon()
        stack.callback(daemon.stop)
        witness = Witness(running)
        try:
            stack.enter_context(witness.runs)
            stack.enter_context(witness.weights)
            guard = stack.enter_context(Guard(running.cluster, NAMESPACE, "shop"))
            first = running.clone.push(_TAGS[0])
            daemon.start()
            running.hook_up(daemon)
            deliveries = {_TAGS[0]: witness.follow(_TAGS[0], first)}
            deliveries |= {tag: witness.deliver(tag) for tag in _TAGS[1:]}
        except BaseException:
            print(daemon.log()[-20_000:])
            raise
        assert guard.check() > FEWEST_MOVES
        report.write(delivery.record() for delivery in deliveries.values())
        yield deliveries


def test_the_first_version_is_delivered(story: dict[str, Delivery]) -> None:
    assert (story["1"].state, story["1"].phase) == ("success", "Healthy")


def test_a_good_version_is_promoted(story: dict[str, Delivery]) -> None:
    good = story["2-good"]
    assert (good.state, good.phase, good.highest_weight_percent) == ("success", "Healthy", 100)
    assert good.shop_image.endswith(":2-good")


@pytest.mark.parametrize(("tag", "metric"), [("3-failing", "error-rate"), ("4-slow", "p95-latency")])
def test_a_bad_version_is_rolled_back_and_the_commit_says_why(
    story: dict[str, Delivery], tag: str, metric: str
) -> None:
    bad = story[tag]
    assert (bad.state, bad.phase) == ("failure", "Degraded")
    assert metric in bad.description
    assert bad.shop_image.endswith(":2-good")


def test_the_next_good_version_is_promoted_after_the_bad_ones(story: dict[str, Delivery]) -> None:
    assert (story["5-good"].state, story["5-good"].phase) == ("success", "Healthy")
    assert story["5-good"].shop_image.endswith(":5-good")


@pytest.mark.parametrize("tag", _TAGS[1:])
def test_a_push_is_answered_at_once_and_its_status_ends_once(story: dict[str, Delivery], tag: str) -> None:
    """Polling is every 30 s here, so an answer within five came by the webhook."""
    delivery = story[tag]
    assert delivery.seconds_to_first_status is not None
    assert delivery.seconds_to_first_status < 5
    assert delivery.states[0] == "pending"
    assert [state for state in delivery.states if state != "pending"] == [delivery.state]


@pytest.mark.parametrize("tag", ["2-good", "5-good"])
def test_no_user_notices_a_good_version(story: dict[str, Delivery], tag: str) -> None:
    assert story[tag].failed_share == 0


@pytest.mark.parametrize("tag", ["3-failing", "4-slow"])
def test_few_users_meet_a_bad_version(story: dict[str, Delivery], tag: str) -> None:
    """At weight 25 the failing version fails 7.5 % of requests, and only for part of the time that is counted."""
    bad = story[tag]
    assert bad.highest_weight_percent == 25
    assert bad.failed_share < 0.075
    assert bad.slow_share < 0.25


@pytest.mark.parametrize("tag", ["3-failing", "4-slow"])
def test_traffic_leaves_soon_after_the_first_bad_measurement(story: dict[str, Delivery], tag: str) -> None:
    """One bad measurement is forgiven; the next, a second later, is not. The rest is for slow machines."""
    reaction = story[tag].seconds_bad_measurement_to_weight_zero
    assert reaction is not None
    assert reaction < 6
