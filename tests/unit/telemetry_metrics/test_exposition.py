"""The text of all metrics is made piece by piece, and says the same as if it had been made at once."""

from __future__ import annotations

import tracemalloc

from prometheus_client import CollectorRegistry, generate_latest

from reconciler.telemetry import established, exposition
from reconciler.telemetry.established import Series, Tallies

SIZE = 3000


def many_objects() -> CollectorRegistry:
    """Thousands of Rollouts with a gauge, a counter and a histogram each."""
    collector, tallies = established._Collector(), Tallies()
    for number in range(SIZE):
        tallies.count("rollout_events_total", "shop", f"app-{number}", "Normal", "RolloutPaused")
        tallies.observe("rollout_reconcile", 0.2, "shop", f"app-{number}")
    collector.tallies["all"] = tallies
    collector.sources["all"] = lambda: (Series("rollout_phase", {"name": f"app-{n}"}) for n in range(SIZE))
    registry = CollectorRegistry()
    registry.register(collector)  # type: ignore[arg-type]
    return registry


def test_the_pieces_together_say_what_the_whole_says() -> None:
    registry = many_objects()
    assert b"".join(exposition.pieces(registry)) == generate_latest(registry)


def test_what_is_in_memory_at_once_does_not_grow_with_the_text() -> None:
    registry = many_objects()
    tracemalloc.start()
    length = sum(map(len, exposition.pieces(registry)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < length
