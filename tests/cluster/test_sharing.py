"""Three replicas share the Rollouts of a namespace on a real API server, and one of them is killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.kube.client import connect
from reconciler.kube.objects import ROLLOUTS
from tests.cluster.rollouts_engine import until
from tests.cluster.sharing import Replica, allow, refused, writes
from tests.testbed.access import Access
from tests.unit.daemon.engines import Engines
from tests.unit.daemon.world import ask as fetch

pytestmark = pytest.mark.cluster

NAMES = tuple(f"app-{number}" for number in range(18))
LEASE_SECONDS = 15.0


@pytest.fixture
def replicas(rollout_crds: Access, namespace: str, tmp_path: Path) -> Iterator[list[Replica]]:
    allow(rollout_crds, namespace)
    flags = {"--shards": "6"}
    found = [Replica(rollout_crds, tmp_path / name, namespace, name, flags) for name in ("one", "two", "three")]
    for each in found:
        each.daemon.start()
    until(lambda: all(shards(each) == 2 for each in found), lambda: f"shares: {[shards(each) for each in found]}")
    yield found
    for each in found:
        each.daemon.stop()


@pytest.mark.timeout(180)
def test_what_a_killed_replica_drove_is_driven_on_within_the_lease_time_and_no_rollout_has_two_writers(
    rollout_crds: Access, namespace: str, tmp_path: Path, replicas: list[Replica]
) -> None:
    engines = Engines(connect(str(rollout_crds.kubeconfig), user_agent="test"), rollout_crds.kubeconfig, namespace)
    for name in NAMES:
        engines.create(name)
    engines.reach("Healthy", NAMES)
    shares = writers(rollout_crds, namespace)
    assert {who for found in shares.values() for who in found} == {each.account for each in replicas}

    victim = replicas[0]
    victim.daemon.kill()
    killed_at = time.monotonic()
    for name in NAMES:
        change = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "shop:2"}]}}}}
        engines.cluster.patch(ROLLOUTS, namespace, name, change)
    orphans = [name for name in NAMES if shares[name][-1] == victim.account]
    engines.wait_for("every Rollout seen by somebody", lambda: all(seen(engines, name) for name in orphans))
    assert time.monotonic() - killed_at < LEASE_SECONDS + 5
    engines.reach("Healthy", NAMES)

    after = writers(rollout_crds, namespace)
    assert all(after[name][-1] != victim.account for name in NAMES)
    assert {name: found for name, found in after.items() if len(found) != len(set(found))} == {}
    assert refused(rollout_crds, namespace) == set()


def shards(replica: Replica) -> float:
    """How many it says that it has."""
    lines = fetch(f"{replica.daemon.url}/metrics")[1].splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("reconciler_shards_held "))


def seen(engines: Engines, name: str) -> bool:
    found = engines.get(name)
    return str(found["status"].get("observedGeneration")) == str(found["metadata"]["generation"])


def writers(cluster: Access, namespace: str) -> dict[str, list[str]]:
    """Who wrote each Rollout, in order, each turn once: a name that comes again is a second writer in between."""
    turns: dict[str, list[str]] = {}
    for each in writes(cluster, namespace):
        if each["objectRef"]["resource"] == "rollouts":
            found = turns.setdefault(each["objectRef"]["name"], [])
            if found[-1:] != [each["user"]["username"]]:
                found.append(each["user"]["username"])
    return turns
