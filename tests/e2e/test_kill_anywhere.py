"""kill -9 of the daemon at random moments of good, failing and slow pushes: the outcome is the same each time.

After every verdict the cluster must look as if nobody had been killed: traffic on one version, its pods and nothing
else running, every analysis ended. The moments come from a fixed seed, printed with the results.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import dropwhile

import pytest

from tests.e2e.ground import NAMESPACE
from tests.e2e.invariants import Guard
from tests.e2e.leftovers import leftovers
from tests.e2e.world import World, wait_for, world
from tests.testbed.daemon import Daemon

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
_SEED = 20261124
_KINDS = {  # expected state, phase, and how many seconds its delivery usually takes
    "good": ("success", "Healthy", 9.0),
    "failing": ("failure", "Degraded", 7.0),
    "slow": ("failure", "Degraded", 7.0),
}
_ROUNDS = 7
_SETTLE_SECONDS = 20
_LONG_OUTAGE_EVERY = 5


@dataclass(frozen=True)
class Kill:
    """One push, and how many seconds after it the daemon dies."""

    number: int
    kind: str
    after_seconds: float

    @property
    def long_outage(self) -> bool:
        """Whether the dead daemon's lease runs out by itself (15 s), as without an operator's help."""
        return self.number % _LONG_OUTAGE_EVERY == 0

    @property
    def tag(self) -> str:
        return f"{self.number}-{self.kind}"


def _kills() -> list[Kill]:
    """Every part of each kind's usual course is hit: each moment is random within its own slice of it."""
    dice = random.Random(_SEED)
    drawn = [(kind, (part + dice.random()) / _ROUNDS * _KINDS[kind][2]) for part in range(_ROUNDS) for kind in _KINDS]
    dice.shuffle(drawn)
    return [Kill(number + 2, kind, after) for number, (kind, after) in enumerate(drawn)]


@dataclass
class Bench:
    """`serving` is the image that users must get between pushes; `guard` has watched everything since the first."""

    world: World
    daemon: Daemon
    serving: str
    guard: Guard


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with ExitStack() as stack:
        running = stack.enter_context(world(rate=40))
        running.clone.edit("rollout.yaml", r"duration: \d+s", "duration: 1s")
        daemon = running.daemon()
        stack.callback(daemon.stop)
        first = running.clone.push("1")
        daemon.start()
        running.hook_up(daemon)
        assert running.verdict(first)["status"] == "success", daemon.log()[-5000:]
        guard = stack.enter_context(Guard(running.cluster, NAMESPACE, "shop"))
        yield Bench(running, daemon, "registry.example/shop:1", guard)


@pytest.mark.parametrize("kill", _kills(), ids=lambda kill: f"{kill.tag}-after-{kill.after_seconds:.2f}s")
def test_the_outcome_does_not_depend_on_when_the_daemon_dies(bench: Bench, kill: Kill) -> None:
    """An operator releases the lease at once, so that most outages last two seconds; some last until it expires."""
    state, phase, _ = _KINDS[kill.kind]
    before = bench.serving
    sha = bench.world.clone.push(kill.tag)
    time.sleep(kill.after_seconds)
    bench.daemon.kill()
    if not kill.long_outage:
        bench.world.cluster.kubectl("-n", NAMESPACE, "delete", "lease", "--all")
    bench.daemon.start()
    verdict = bench.world.verdict(sha)
    assert verdict["status"] == state, verdict["description"]
    assert bench.world.rollout()["status"]["phase"] == phase
    bench.serving = f"registry.example/shop:{kill.tag}" if state == "success" else before
    _assert_clean(bench)
    assert _finals_in_a_row(bench.world, sha) == {state}


def test_what_leaves_git_leaves_the_cluster(bench: Bench) -> None:
    """After all the kills the inventory still knows everything: nothing is orphaned."""
    sha = bench.world.clone.remove("rollout.yaml", "analysis.yaml", "route.yaml")
    assert bench.world.verdict(sha)["status"] == "success"
    kinds = ("apps/v1/replicasets", "v1/pods", "argoproj.io/v1alpha1/rollouts", "argoproj.io/v1alpha1/analysisruns")
    wait_for(
        lambda: not any(bench.world.object(kind)["items"] for kind in kinds),
        _SETTLE_SECONDS,
        lambda: str({kind: len(bench.world.object(kind)["items"]) for kind in kinds}),
    )


def test_no_write_before_or_after_an_outage_broke_an_invariant(bench: Bench) -> None:
    assert bench.guard.check() > _ROUNDS


def test_no_outage_ever_ran_into_a_bug(bench: Bench) -> None:
    assert "Traceback" not in bench.daemon.log(), bench.daemon.log()[-5000:]


def _finals_in_a_row(world: World, sha: str) -> set[str]:
    """The states from the first verdict on: a restart may repeat it, but nothing else may ever follow it."""
    states = [str(status["status"]) for status in reversed(world.statuses(sha))]
    return set(dropwhile(lambda state: state == "pending", states))


def _assert_clean(bench: Bench) -> None:
    wait_for(
        lambda: not leftovers(bench.world, bench.serving),
        _SETTLE_SECONDS,
        lambda: f"left behind: {leftovers(bench.world, bench.serving)}",
    )
