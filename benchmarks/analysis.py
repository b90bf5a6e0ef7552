"""What judging many releases at once costs, and how late it is: 1,000 AnalysisRuns with an interval of 10 s.

    python -m benchmarks.analysis [--runs 1000] [--seconds 60] [--queries 0] [--aborts 20]

A real kube-apiserver, whose audit log counts writes, and a real Prometheus, whose query log tells when each run was
measured: nothing that the daemon says of itself is used for the lag. `--queries N` lets the runs share N queries.
Then Rollouts are updated to a version that their step's analysis rejects: from the query whose answer decides to the
abort as a watch sees it.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.aborts import abort_milliseconds
from benchmarks.bench import Figure, control_plane, cpu_seconds, daemon, report, rss_mib, wait_for
from reconciler.kube.client import HttpCluster, connect
from reconciler.kube.objects import ANALYSIS_RUNS
from tests.testbed.controlplane import ControlPlane
from tests.testbed.network import HOST
from tests.testbed.prometheus import Prometheus

INTERVAL_SECONDS = 10.0
_RUN = re.compile(r"run_(\d+)")


def a_run(number: int, queries: int) -> dict[str, Any]:
    """An endless run; its query names it unless it shares one of `queries`."""
    query = f'vector(1) or up{{job="run_{number % queries if queries else number}"}}'
    metric = {
        "name": "errors",
        "interval": f"{INTERVAL_SECONDS:g}s",
        "successCondition": "result[0] < 2",
        "provider": {"prometheus": {"query": query}},
    }
    return {
        "apiVersion": ANALYSIS_RUNS.api_version,
        "kind": ANALYSIS_RUNS.kind,
        "metadata": {"name": f"run-{number:04}", "namespace": "default"},
        "spec": {"metrics": [metric]},
    }


def create_runs(cluster: HttpCluster, runs: int, queries: int) -> None:
    """All at once, as far as the API server takes them: the worst case for whoever measures them."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: cluster.create(ANALYSIS_RUNS, "default", a_run(n, queries)), range(runs)))


def query_times(log: Path, since: float) -> dict[int, list[float]]:
    """When each run's query was asked, in Unix seconds by Prometheus' clock."""
    times: dict[int, list[float]] = defaultdict(list)
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        found = _RUN.search(entry["params"]["query"])
        asked = datetime.fromisoformat(entry["ts"].replace("Z", "+00:00")).timestamp()
        if found and asked >= since:
            times[int(found[1])].append(asked)
    return times


def lags(times: dict[int, list[float]]) -> list[float]:
    """Milliseconds by which measurements came later than one interval after the one before, its duration included."""
    return sorted(
        1000 * max(0.0, later - earlier - INTERVAL_SECONDS)
        for series in times.values()
        for earlier, later in pairwise(series)
    )


def measurements(cluster: HttpCluster) -> int:
    """How many measurements all runs have had so far."""
    runs = cluster.list(ANALYSIS_RUNS, "default")
    return sum(result.get("count", 0) for run in runs for result in run.get("status", {}).get("metricResults", ()))


def writes(cluster: ControlPlane) -> Counter[str]:
    """The daemon's writes so far by "verb resource"."""
    counts: Counter[str] = Counter()
    for line in cluster.audit_log.read_text().splitlines():
        entry = json.loads(line)
        if entry["verb"] not in ("get", "list", "watch") and entry.get("userAgent", "").startswith("reconciler/"):
            counts[f"{entry['verb']} {entry.get('objectRef', {}).get('resource', '')}"] += 1
    return counts


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=1000)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--queries", type=int, default=0)
    options.add_argument("--aborts", type=int, default=20)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name, control_plane() as cluster:
        folder, log = Path(name), Path(name) / "queries.log"
        flags = {"--only": "rollouts", "--kubeconfig": str(cluster.kubeconfig), "--namespace": "default"}
        with (
            Prometheus(folder / "prometheus", HOST, {}, query_log=log) as prometheus,
            daemon(folder, {**flags, "--prometheus": prometheus.url}) as running,
        ):
            client = connect(str(cluster.kubeconfig), user_agent="benchmark")
            aborts = abort_milliseconds(cluster, client, log, asked.aborts) if asked.aborts else []
            figures = _judging(cluster, client, log, running.pid, asked)
    if aborts:
        figures.append(Figure("deciding query to abort seen", "ms", aborts, goal=200))
    shared = f"{asked.queries} queries shared" if asked.queries else "each its own query"
    report("analysis", f"{asked.runs} runs, {shared}, {asked.seconds:g} s, real API server and Prometheus", figures)


def _judging(
    cluster: ControlPlane, client: HttpCluster, log: Path, pid: int, asked: argparse.Namespace
) -> list[Figure]:
    idle_threads = threads(pid)
    create_runs(client, asked.runs, asked.queries)
    wait_for("all measured once", lambda: measurements(client) >= asked.runs, 300)
    time.sleep(2.5 * INTERVAL_SECONDS)  # until every run has had its spread, once
    before, wrote, counted = measurements(client), writes(cluster), time.time()
    time.sleep(1)  # counting cost the machine that is being measured
    since, cpu = time.time(), cpu_seconds(pid)
    time.sleep(asked.seconds)
    used, memory, most_threads = cpu_seconds(pid) - cpu, rss_mib(pid), threads(pid)
    taken, written = measurements(client) - before, writes(cluster) - wrote
    rate = taken / (time.time() - counted)
    times = query_times(log, since)
    late = lags(times)
    print("writes:", dict(written), "lags seen:", len(late))
    lag = [
        Figure("schedule lag, median", "ms", [quantile(late, 0.5)]),
        Figure("schedule lag, p99", "ms", [quantile(late, 0.99)], goal=500),
    ]
    return [
        *(lag if not asked.queries else []),  # the log does not tell whose question a shared one was
        Figure("share of one core", "%", [100 * used / asked.seconds], goal=40),
        Figure("measurements per second", "1/s", [rate]),
        Figure("queries per measurement", "", [sum(map(len, times.values())) / asked.seconds / max(rate, 0.1)]),
        Figure("writes per measurement", "", [sum(written.values()) / max(taken, 1)]),
        Figure("CPU per measurement", "ms", [1000 * used / asked.seconds / max(rate, 0.1)]),
        Figure("threads", "", [most_threads], goal=100),
        Figure("threads before any run", "", [idle_threads]),
        Figure("resident memory", "MiB", [memory]),
        Figure("most queries in one second, times the mean", "", [burst(times)]),
    ]


def burst(times: dict[int, list[float]]) -> float:
    """How uneven the load on Prometheus is: 1 is even, the interval in seconds is all at once."""
    seconds = Counter(int(at) for series in times.values() for at in series)
    whole = [seconds[at] for at in range(min(seconds) + 1, max(seconds))] or [0]
    return max(whole) / max(statistics.fmean(whole), 1e-9)


if __name__ == "__main__":
    main()
