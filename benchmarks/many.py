"""What a replica costs that has thousands of Rollouts to look after and nothing to do.

    python -m benchmarks.many [--rollouts 1000 10000] [--seconds 30] [--shards 0]

The in-memory API server holds so many healthy Rollouts, each with the ReplicaSet of its version: copies of one that the
engine delivered before, put into the store with names and uids of their own. Then the daemon is started anew.

- `ready` is from its start until it answers that it is; `settled` until it has decided about every Rollout.
- Memory is resident, after that; a further Rollout costs the difference between two sizes.
- Scraping `/metrics` is measured apart, and again while it is idle: Prometheus does it all the time.
- With `--shards N` two replicas share the work; figures are those of the first.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench import Figure, cpu_seconds, report, rss_mib, wait_for
from benchmarks.fleet import STEPS, Fleet, rollout_is_healthy
from reconciler.kube.api import Resource
from reconciler.kube.client import HttpCluster, connect
from reconciler.kube.objects import REPLICA_SETS, ROLLOUTS
from reconciler.sandbox.api.core import Api
from reconciler.sandbox.demo.manifests import definitions
from reconciler.sandbox.server import Sandbox
from tests.testbed.daemon import Daemon

NAMESPACE = "default"
_HISTOGRAM = "rollout_reconcile_count{"


@dataclass(frozen=True)
class Result:
    """One size. Seconds, MiB, percent of a core, bytes."""

    size: int
    ready: float
    settled: float
    settling_cpu: float
    memory: float
    idle: float
    scrape: float
    scraped: int


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rollouts", type=int, nargs="+", default=[1000, 10_000])
    options.add_argument("--seconds", type=float, default=30.0)
    options.add_argument("--shards", type=int, default=0)
    asked = options.parse_args()
    results = [measure(size, asked.seconds, asked.shards) for size in asked.rollouts]
    figures = [figure for result in results for figure in _figures(result)]
    for small, large in itertools.pairwise(results):
        growth = 1024 * (large.memory - small.memory) / (large.size - small.size)
        figures.append(Figure(f"memory per further Rollout, {small.size} to {large.size}", "KiB", [growth], goal=20))
    shared = f"two replicas with {asked.shards} shards" if asked.shards else "one replica"
    report("many", f"sizes {asked.rollouts}, {shared}, in-memory API server, {os.cpu_count()} cores", figures)


def measure(size: int, seconds: float, shards: int) -> Result:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, Sandbox() as sandbox:
        folder = Path(name)
        cluster = connect(str(sandbox.kubeconfig(folder / "kubeconfig")), user_agent="bench")
        _install(cluster)
        flags = {"--only": "rollouts", "--kubeconfig": str(folder / "kubeconfig"), "--namespace": NAMESPACE}
        _deliver_one(cluster, folder, flags)
        sandbox.run(lambda api: _copy(api, size))
        return _look_after(size, seconds, folder, {**flags, **({"--shards": str(shards)} if shards else {})}, shards)


def _install(cluster: HttpCluster) -> None:
    for body in definitions():
        cluster.create(cluster.find(body["apiVersion"], body["kind"]), None, body)


def _deliver_one(cluster: HttpCluster, folder: Path, flags: dict[str, str]) -> None:
    fleet = Fleet(cluster, ROLLOUTS, NAMESPACE, 1, {"canary": {"steps": STEPS}}, rollout_is_healthy)
    engine = Daemon(folder, flags)
    engine.start()
    fleet.create()
    fleet.wait_healthy(60)
    engine.stop()


def _copy(api: Api, size: int) -> None:
    """The one Rollout and its ReplicaSet, under other names. No controller is told of them: their pods are imagined."""
    told, api.store.listeners = api.store.listeners, []
    rollouts, replica_sets = (_storage(api, resource) for resource in (ROLLOUTS, REPLICA_SETS))
    [rollout], [replica_set] = api.store.all(rollouts), api.store.all(replica_sets)
    for number in range(1, size):
        name = f"app-{number:05}"
        ours = _renamed(rollout, name)
        api.store.put(rollouts, ours)
        version = replica_set["metadata"]["name"].rpartition("-")[2]
        owner = {**replica_set["metadata"]["ownerReferences"][0], "name": name, "uid": ours["metadata"]["uid"]}
        theirs = _renamed(replica_set, f"{name}-{version}")
        theirs["metadata"]["ownerReferences"] = [owner]
        api.store.put(replica_sets, theirs)
    api.store.listeners = told


def _storage(api: Api, resource: Resource) -> str:
    kind = api.registry.named(resource.api_version, resource.kind)
    assert kind is not None
    return kind.storage


def _renamed(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "name": name, "uid": f"{name}-{body['metadata']['uid']}"}}


def _look_after(size: int, seconds: float, folder: Path, flags: dict[str, str], shards: int) -> Result:
    with ExitStack() as stack:
        replicas = [Daemon(folder / str(number), flags) for number in range(2 if shards else 1)]
        for number, replica in enumerate(replicas):
            (folder / str(number)).mkdir()
            stack.callback(replica.stop)
        began = time.monotonic()
        for replica in replicas:
            replica.start()
        first, ready = replicas[0], time.monotonic() - began
        wait_for("every Rollout is decided about", lambda: sum(map(_decided, replicas)) >= size, 600)
        settled, settling = time.monotonic() - began, cpu_seconds(first.pid)
        time.sleep(seconds / 2)
        memory, before = rss_mib(first.pid), cpu_seconds(first.pid)
        time.sleep(seconds)
        idle = 100 * (cpu_seconds(first.pid) - before) / seconds
        before = cpu_seconds(first.pid)
        scraped = len(_scrape(first))
        return Result(size, ready, settled, settling, memory, idle, cpu_seconds(first.pid) - before, scraped)


def _decided(replica: Daemon) -> int:
    """How many Rollouts a replica has decided about."""
    time.sleep(1)
    return sum(line.startswith(_HISTOGRAM) for line in _scrape(replica).splitlines())


def _scrape(replica: Daemon) -> str:
    with urllib.request.urlopen(f"{replica.url}/metrics", timeout=60) as answer:
        return str(answer.read().decode())


def _figures(result: Result) -> list[Figure]:
    size = result.size
    return [
        Figure(f"{size}: until ready", "s", [result.ready]),
        Figure(f"{size}: until every one is decided about", "s", [result.settled]),
        Figure(f"{size}: CPU until then", "s", [result.settling_cpu]),
        Figure(f"{size}: resident memory", "MiB", [result.memory]),
        Figure(f"{size}: share of one core when idle", "%", [result.idle], goal=1),
        Figure(f"{size}: CPU of one scrape of /metrics", "s", [result.scrape]),
        Figure(f"{size}: size of /metrics", "MiB", [result.scraped / (1 << 20)]),
    ]


if __name__ == "__main__":
    main()
