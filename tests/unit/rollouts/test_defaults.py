"""What a field means when it is not set, and how many pods an int-or-percent stands for (spec rollouts §1.2-§1.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.rollouts import defaults
from reconciler.rollouts.model import RolloutSpec
from reconciler.rollouts.strategy_model import BlueGreen, Canary, Nginx, TrafficRouting


@pytest.mark.parametrize(
    ("read", "owner", "unset", "zero"),
    [
        (defaults.replicas, lambda value: RolloutSpec(replicas=value), 1, 0),
        (defaults.revision_history_limit, lambda value: RolloutSpec(revision_history_limit=value), 10, 0),
        (defaults.progress_deadline_seconds, lambda value: RolloutSpec(progress_deadline_seconds=value), 600, 0),
        (defaults.scale_down_delay_seconds, lambda value: Canary(scale_down_delay_seconds=value), 30, 0),
        (defaults.scale_down_delay_seconds, lambda value: BlueGreen(scale_down_delay_seconds=value), 30, 0),
        (defaults.abort_scale_down_delay_seconds, lambda value: Canary(abort_scale_down_delay_seconds=value), 30, 0),
        (defaults.abort_scale_down_delay_seconds, lambda value: BlueGreen(abort_scale_down_delay_seconds=value), 30, 0),
    ],
)
def test_unset_is_not_zero(
    read: Callable[[Any], int], owner: Callable[[int | None], Any], unset: int, zero: int
) -> None:
    assert (read(owner(None)), read(owner(0)), read(owner(7))) == (unset, zero, 7)


@pytest.mark.parametrize(
    ("routing", "most"),
    [(None, 100), (TrafficRouting(), 100), (TrafficRouting(nginx=Nginx(), max_traffic_weight=1000), 1000)],
)
def test_weights_are_parts_of_a_hundred_unless_a_router_says_otherwise(
    routing: TrafficRouting | None, most: int
) -> None:
    assert defaults.max_weight(Canary(traffic_routing=routing)) == most


@pytest.mark.parametrize(
    ("surge", "unavailable", "replicas", "pods"),
    [
        (None, None, 10, (3, 2)),
        (None, None, 1, (1, 0)),
        (None, None, 0, (0, 0)),
        (1, 0, 10, (1, 0)),
        (0, 3, 2, (0, 2)),
        (0, 0, 5, (0, 1)),
        ("0%", "0%", 5, (0, 1)),
        (0, "10%", 5, (0, 1)),
        (0, 0, 0, (0, 0)),
        ("50%", "50%", 5, (3, 2)),
        ("5", "20", 100, (5, 20)),
        (2, "100%", 3, (2, 3)),
    ],
)
def test_surge_is_rounded_up_and_unavailable_down(
    surge: int | str | None, unavailable: int | str | None, replicas: int, pods: tuple[int, int]
) -> None:
    canary = Canary(max_surge=surge, max_unavailable=unavailable)
    assert (defaults.surge(canary, replicas), defaults.unavailable(canary, replicas)) == pods


@pytest.mark.parametrize(("unavailable", "pods"), [(None, 2), (4, 4), ("50%", 5), (0, 0), (20, 10)])
def test_blue_green_has_a_second_version_beside_the_first(unavailable: int | str | None, pods: int) -> None:
    blue_green = BlueGreen(max_unavailable=unavailable)
    assert (defaults.surge(blue_green, 10), defaults.unavailable(blue_green, 10)) == (10, pods)
