"""Simulated traffic follows the weights and the versions behind them."""

from __future__ import annotations

import random

from reconciler.sandbox.demo.traffic import Backend, Counters, answers, behaviour


def totals(*backends: Backend, count: int = 4000) -> Counters:
    counters = Counters()
    for answer in answers(count, backends, random.Random(7)):
        counters.add(answer)
    return counters


def served(counters: Counters, service: str) -> int:
    return sum(count for (name, _), count in counters.requests.items() if name == service)


def test_requests_follow_the_weights() -> None:
    counters = totals(Backend("stable", 80, ["shop:1.0"]), Backend("canary", 20, ["shop:1.1"]))
    assert 0.17 < served(counters, "canary") / 4000 < 0.23


def test_a_failing_version_fails_a_third_of_its_requests() -> None:
    seen = totals(Backend("canary", 100, ["shop:1.2-failing"])).seen()
    assert 0.3 < seen.failed / seen.requests < 0.38


def test_a_slow_version_does_not_fail() -> None:
    counters = totals(Backend("canary", 100, ["shop:1.3-slow"]))
    assert counters.seen().failed < 30
    assert counters.seen().slow > 3000
    assert counters.buckets[("canary", 0.3)] < 400


def test_a_service_without_ready_pods_answers_503() -> None:
    assert totals(Backend("canary", 100, [])).requests == {("canary", 503): 4000}


def test_no_weight_at_all_means_no_requests() -> None:
    assert totals(Backend("canary", 0, ["shop:1.0"])).requests == {}


def test_an_unknown_version_is_healthy() -> None:
    assert behaviour("registry.example/shop:anything").error_share < 0.01
