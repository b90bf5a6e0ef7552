"""What driving Rollouts costs the API server and the daemon, beside the control plane's own floor.

    python -m benchmarks.rollouts [--rollouts 100 500] [--rounds 3] [--idle 60]

For each size a fresh real control plane (etcd, kube-apiserver, kube-controller-manager, scheduler, kwok's nodes), in it
as many Rollouts as plain Deployments: 2 replicas, steps setWeight 50, pause 2 s, setWeight 100. Each round changes the
image of all Deployments at once and waits until all are healthy; that time plus the pause is the floor. Then the same
with the Rollouts. The daemon (`reconciler run --only rollouts`) watches the Rollouts' namespace only, so that the floor
does not pay for it.

- Requests are the server's own count, from its audit log by user agent: without watches, lists, Leases and discovery,
  from the first changed image until no more come. Events are counted apart.
- Events: `told` is what the engine said, counted before any queue; `recorded` is the sum of the counts of the Events
  that the server has. `missing` compares, per Rollout, with what every update has to tell.
- CPU is user and system time of the daemon and its children; memory is the highest resident size the kernel saw. What
  a further Rollout costs is the difference between two sizes of one run.
- `load` is the machine's load average before a round. Compare ratios of one run, not seconds of two.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import statistics
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import Figure, control_plane, cpu_seconds, daemon, family, peak_rss_mib, report
from benchmarks.fleet import PAUSE_SECONDS, STEPS, Fleet, deployment_is_healthy, rollout_is_healthy
from reconciler.kube.api import Object
from reconciler.kube.client import connect
from reconciler.kube.objects import DEPLOYMENTS, EVENTS, ROLLOUTS
from tests.testbed.controlplane import ControlPlane

FLOOR, OURS = "floor", "rollouts"
QUIET_SECONDS = 4.0
_REASON = re.compile(r"(?:^|; )([A-Z][A-Za-z]+): ")
SETTLE_SECONDS = 20.0
TOLD_PER_UPDATE = {
    "RolloutUpdated": 1,
    "NewReplicaSetCreated": 1,
    "RolloutNotCompleted": 1,
    "RolloutStepCompleted": len(STEPS),
    "RolloutPaused": 1,
    "RolloutResumed": 1,
    "RolloutCompleted": 1,
}


@dataclass(frozen=True)
class Round:
    """One update of everything."""

    floor_seconds: float
    seconds: float
    requests: Counter[str]
    cpu_seconds: float
    load: float


@dataclass(frozen=True)
class Result:
    """One size. `events` are told, recorded and missing ones."""

    size: int
    rounds: list[Round]
    events: tuple[int, int, int]
    peak_mib: float
    idle_percent: float | None

    def per_update(self, *, events: bool) -> list[float]:
        counted = [{k: n for k, n in r.requests.items() if events or not k.endswith(" events")} for r in self.rounds]
        return [sum(found.values()) / self.size for found in counted]


class Audit:
    """The daemon's requests in the server's audit log, read on from where the last look ended."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0

    def news(self) -> Counter[str]:
        """Requests since the last call, as "verb resource[/subresource]" → count."""
        counts: Counter[str] = Counter()
        with self._path.open("rb") as log:
            log.seek(self._at)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._at += len(line)
                if b'"userAgent":"reconciler/' in line:
                    counts[_what(json.loads(line))] += 1
        return Counter({what: n for what, n in counts.items() if what})

    def until_quiet(self) -> Counter[str]:
        """Requests since the last call, once no more come."""
        counts, quiet_since = self.news(), time.monotonic()
        while time.monotonic() - quiet_since < QUIET_SECONDS:
            time.sleep(0.5)
            if news := self.news():
                counts, quiet_since = counts + news, time.monotonic()
        return counts


def _what(entry: dict[str, object]) -> str:
    about = entry.get("objectRef") or {}
    assert isinstance(about, dict)
    if entry["verb"] in ("watch", "list") or about.get("resource") in (None, "leases"):
        return ""
    return f"{entry['verb']} " + "/".join(filter(None, (about["resource"], about.get("subresource"))))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rollouts", type=int, nargs="+", default=[100, 500])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--idle", type=float, default=60.0, help="seconds; 0: not measured")
    asked = options.parse_args()
    results = [measure(size, asked.rounds, asked.idle) for size in asked.rollouts]
    figures = [figure for result in results for figure in _figures(result)]
    for small, large in itertools.pairwise(results):
        growth = 1024 * (large.peak_mib - small.peak_mib) / (large.size - small.size)
        figures.append(Figure(f"memory per further Rollout, {small.size} to {large.size}", "KiB", [growth], goal=20))
    for result in results:
        _print_requests(result)
    report(
        "rollouts",
        f"sizes {asked.rollouts}, {asked.rounds} rounds, real control plane, {os.cpu_count()} cores",
        figures,
    )


def measure(size: int, rounds: int, idle_seconds: float) -> Result:
    """Everything about one number of Rollouts, on a control plane of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, control_plane() as cluster:
        floor, ours = _fleets(cluster, size)
        for fleet in (floor, ours):
            cluster.kubectl("create", "namespace", fleet.namespace)
            fleet.create()
        floor.wait_healthy()
        with _engine(Path(name), cluster) as (pid, url):
            audit = Audit(cluster.audit_log)
            ours.wait_healthy()
            audit.until_quiet()
            measured = [_round(floor, ours, audit, pid, f"registry.example/web:{n + 1}") for n in range(rounds)]
            events = _events(ours, url, rounds)
            peak = peak_rss_mib(family(pid))
            idle = _idle_percent(pid, idle_seconds) if idle_seconds else None
    return Result(size, measured, events, peak, idle)


def _fleets(cluster: ControlPlane, size: int) -> tuple[Fleet, Fleet]:
    client = connect(str(cluster.kubeconfig), user_agent="bench")
    rolling, canary = {"type": "RollingUpdate"}, {"canary": {"steps": STEPS}}
    return (
        Fleet(client, DEPLOYMENTS, FLOOR, size, rolling, deployment_is_healthy),
        Fleet(client, ROLLOUTS, OURS, size, canary, rollout_is_healthy),
    )


@contextmanager
def _engine(folder: Path, cluster: ControlPlane) -> Iterator[tuple[int, str]]:
    flags = {"--only": "rollouts", "--namespace": OURS, "--kubeconfig": str(cluster.kubeconfig)}
    with daemon(folder, flags) as running:
        yield running.pid, running.url


def _round(floor: Fleet, ours: Fleet, audit: Audit, pid: int, image: str) -> Round:
    load = os.getloadavg()[0]
    floor_seconds = floor.seconds_to(image) + PAUSE_SECONDS
    time.sleep(QUIET_SECONDS)
    audit.news()
    before = _cpu(pid)
    seconds = ours.seconds_to(image)
    requests = audit.until_quiet()
    print(f"{ours.size}: {seconds:.1f} s, floor {floor_seconds:.1f} s, load {load:.1f}", flush=True)
    return Round(floor_seconds, seconds, requests, _cpu(pid) - before, load)


def _events(ours: Fleet, url: str, rounds: int) -> tuple[int, int, int]:
    """Told, recorded and missing ones."""
    found: Counter[tuple[str, str]] = Counter()
    recorded = 0
    for event in ours.cluster.list(EVENTS, ours.namespace):
        if event["involvedObject"]["kind"] == ROLLOUTS.kind:
            recorded += event["count"]
            for reason, count in _reasons(event).items():
                found[event["involvedObject"]["name"], reason] += count
    wanted = ((name, reason, rounds * n) for name in ours.names for reason, n in TOLD_PER_UPDATE.items())
    missing = sum(max(0, n - found[name, reason]) for name, reason, n in wanted)
    return _told(url), recorded, missing


def _reasons(event: Object) -> dict[str, int]:
    """How often an Event says what. One that tells a whole story names the reason before each of its messages."""
    named = _REASON.findall(event["message"])
    return Counter(named) if named else {event["reason"]: event["count"]}


def _told(url: str) -> int:
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return int(sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("rollout_events_total{")))


def _idle_percent(pid: int, seconds: float) -> float:
    time.sleep(SETTLE_SECONDS)
    before = _cpu(pid)
    time.sleep(seconds)
    return 100 * (_cpu(pid) - before) / seconds


def _cpu(pid: int) -> float:
    return sum(map(cpu_seconds, family(pid)))


def _figures(result: Result) -> list[Figure]:
    size, rounds, told, idle = result.size, result.rounds, result.events, result.idle_percent
    return [
        Figure(f"{size}: until all are healthy", "s", [r.seconds for r in rounds]),
        Figure(f"{size}: the floor", "s", [r.floor_seconds for r in rounds]),
        Figure(f"{size}: ratio to the floor", "", [r.seconds / r.floor_seconds for r in rounds], goal=1.25),
        Figure(f"{size}: API requests per update, with events", "requests", result.per_update(events=True), goal=10),
        Figure(f"{size}: API requests per update, without events", "requests", result.per_update(events=False)),
        Figure(f"{size}: events told", "events", [told[0]]),
        Figure(f"{size}: events recorded", "events", [told[1]]),
        Figure(f"{size}: events missing", "events", [told[2]], goal=0),
        Figure(f"{size}: CPU per update", "ms", [1000 * r.cpu_seconds / size for r in rounds], goal=60),
        Figure(f"{size}: peak resident memory", "MiB", [result.peak_mib], goal=120 if size <= 100 else None),
        Figure(f"{size}: load before a round", "", [r.load for r in rounds]),
        *([] if idle is None else [Figure(f"{size}: share of one core when idle", "%", [idle], goal=1)]),
    ]


def _print_requests(result: Result) -> None:
    print(f"\n{result.size} Rollouts, requests per update (median of {len(result.rounds)} rounds):")
    kinds = sorted({kind for r in result.rounds for kind in r.requests})
    for kind in kinds:
        print(f"  {kind:<28} {statistics.median(r.requests[kind] for r in result.rounds) / result.size:6.2f}")


if __name__ == "__main__":
    main()
