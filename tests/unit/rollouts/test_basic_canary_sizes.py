"""Recorded sequences of sizes: every reconcile of a basic canary from all-stable to its weight."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.rollouts import defaults
from reconciler.rollouts.canary.sizes import Group, Limits, Sizes, split, step
from reconciler.rollouts.strategy_model import Canary

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/rollouts/basic-canary-golden.json").read_text())


def limits_of(case: dict[str, Any]) -> Limits:
    canary, n = Canary(max_surge=case["maxSurge"], max_unavailable=case["maxUnavailable"]), case["replicas"]
    return Limits(n, defaults.surge(canary, n), defaults.unavailable(canary, n))


def walk(limits: Limits, weight: int) -> list[list[int]]:
    """All sizes on the way, with every pod becoming available between two reconciles; stable is changed first."""
    target = split(limits.replicas, weight, 100, limits.surge)
    now, seen = Sizes(0, limits.replicas), []
    for _ in range(100):
        new, stable = Group(now.canary, now.canary), Group(now.stable, now.stable)
        wanted = step(limits, target, new, stable, 0)
        following = Sizes(now.canary, wanted.stable) if wanted.stable != now.stable else wanted
        if following == now:
            return seen
        now = following
        seen.append(list(now))
    raise AssertionError("the sizes never settle")


TIES = {(2, 75), (5, 90), (10, 95)}
"""Replicas and weights where the recording loses the canary when no surge is allowed; put right below."""


def is_tie(case: dict[str, Any]) -> bool:
    return limits_of(case).surge == 0 and (case["replicas"], case["weight"]) in TIES


def case_id(case: dict[str, Any]) -> str:
    return f"{case['replicas']}-{case['weight']}-{case['maxSurge']}-{case['maxUnavailable']}"


@pytest.mark.parametrize("case", [case for case in GOLDEN if not is_tie(case)], ids=case_id)
def test_sizes_go_as_recorded(case: dict[str, Any]) -> None:
    assert walk(limits_of(case), case["weight"]) == (case["seqCanaryStable"] or [])


@pytest.mark.parametrize(("replicas", "weight"), sorted(TIES))
def test_an_exact_tie_without_surge_keeps_one_stable_pod(replicas: int, weight: int) -> None:
    assert split(replicas, weight, 100, surge=0) == Sizes(replicas - 1, 1)
    assert walk(Limits(replicas, 0, 1), weight)[-1] == [replicas - 1, 1]


def test_the_limits_hold_at_every_size_on_the_way() -> None:
    for case in GOLDEN:
        limits = limits_of(case)
        for canary, stable in walk(limits, case["weight"]):
            assert limits.least_available <= canary + stable <= limits.most


def standing(most: int) -> list[Group]:
    return [Group(size, available) for size in range(most + 1) for available in range(size + 1)]


@pytest.mark.parametrize("limits", [Limits(4, 1, 0), Limits(2, 0, 1), Limits(3, 2, 1), Limits(5, 0, 2)], ids=str)
def test_from_wherever_pods_are_no_step_takes_what_is_needed_nor_asks_for_too_much(limits: Limits) -> None:
    """Also while new pods fail and somebody has just asked for fewer replicas, or for more."""
    for weight, new, stable in itertools.product((0, 20, 50, 100), standing(6), standing(6)):
        canary, kept = step(limits, split(limits.replicas, weight, 100, limits.surge), new, stable, 0)
        left = min(new.available, canary) + min(stable.available, kept)
        state = (weight, new, stable, canary, kept)
        assert left >= min(limits.least_available, new.available + stable.available), state
        assert canary + kept <= max(limits.most, new.size + stable.size), state


def test_nothing_shrinks_while_superseded_versions_have_pods() -> None:
    limits = Limits(4, 2, 1)
    assert step(limits, Sizes(2, 2), Group(1, 1), Group(4, 4), 2) == (1, 4)
    assert step(limits, Sizes(2, 2), Group(1, 1), Group(4, 4), 0) == (2, 2)
    assert step(limits, Sizes(2, 2), Group(0, 0), Group(4, 4), 1) == (1, 4)
