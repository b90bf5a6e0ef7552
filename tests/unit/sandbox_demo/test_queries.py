"""The demo's Prometheus answers as a real one does, or refuses."""

from __future__ import annotations

import json
import math
import os
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from reconciler.sandbox.demo.evaluate import evaluate
from reconciler.sandbox.demo.promql import Unsupported, parse
from reconciler.sandbox.demo.series import SeriesStore

START = 1_700_000_000.0
AT = START + 120.37

QUERIES = [
    'sum(rate(requests_total{service="canary",code=~"5.."}[30s])) / sum(rate(requests_total{service="canary"}[30s]))',
    "histogram_quantile(0.95, sum by (le) (rate(seconds_bucket[45s])))",
    "histogram_quantile(0.5, sum(rate(seconds_bucket[45s])) by (le, service))",
    "sum without (code) (increase(requests_total[1m]))",
    'sum(rate(requests_total{code="404"}[30s])) or vector(0)',
    'avg(rate(requests_total{service!="canary"}[40s])) * 100 - 1',
    "count(requests_total)",
    "max by (service) (requests_total) > 200",
    "scalar(sum(rate(restarted_total[1m])))",
    "rate(sparse_total[90s])",
    '-sum(requests_total{code!~"5.."})',
    "2 * 3 - 1",
    'sum(rate(requests_total{service="nobody"}[30s]))',
]


def samples() -> Iterator[tuple[float, list[tuple[str, dict[str, str], float]]]]:
    for second in range(0, 120, 5):
        rows: list[tuple[str, dict[str, str], float]] = [
            ("requests_total", {"service": "canary", "code": "200"}, second * 2.0),
            ("requests_total", {"service": "canary", "code": "500"}, second * 0.3),
            ("requests_total", {"service": "stable", "code": "200"}, second * 7.0 + 11),
            ("restarted_total", {"pod": "a"}, second % 35 * 4.0),
        ]
        for edge, share in (("0.1", 0.5), ("0.5", 0.9), ("2.5", 1.0), ("+Inf", 1.0)):
            rows.append(("seconds_bucket", {"service": "canary", "le": edge}, second * 10 * share))
        if second % 40 == 0:
            rows.append(("sparse_total", {}, second / 10))
        yield START + second, rows


def filled() -> SeriesStore:
    store = SeriesStore()
    for at, rows in samples():
        store.append(at, rows)
    return store


def ours(query: str) -> dict[frozenset[tuple[str, str]], float]:
    value = evaluate(parse(query), filled(), AT)
    return {frozenset(): value} if isinstance(value, float) else value


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus that holds the same samples."""
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        if os.environ.get("CI") == "true":
            pytest.fail("prometheus and promtool must be installed in CI (Debian package: prometheus)")
        pytest.skip("needs prometheus and promtool on PATH (Debian package: prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "samples.txt").write_text(open_metrics())
    make = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "samples.txt", "data"]
    subprocess.run(make, cwd=folder, check=True, capture_output=True)
    (folder / "prometheus.yml").write_text("{}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    server = subprocess.Popen(
        [
            "prometheus",
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address={address}",
        ],
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_ready(f"http://{address}/-/ready")
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait()


def open_metrics() -> str:
    by_name: dict[str, list[str]] = {}
    for at, rows in samples():
        for name, labels, value in rows:
            text = ",".join(f'{key}="{label}"' for key, label in labels.items())
            by_name.setdefault(name, []).append(f"{name}{{{text}}} {value} {at}")
    return "\n".join(line for lines in by_name.values() for line in lines) + "\n# EOF\n"


def wait_ready(url: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(url, timeout=1)
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("Prometheus did not become ready")


def asked(prometheus: str, query: str) -> dict[frozenset[tuple[str, str]], float]:
    url = f"{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": query, "time": AT})
    data = json.load(urllib.request.urlopen(url, timeout=10))["data"]
    if data["resultType"] == "scalar":
        return {frozenset(): float(data["result"][1])}
    return {frozenset(row["metric"].items()): float(row["value"][1]) for row in data["result"]}


@pytest.mark.parametrize("query", QUERIES)
def test_the_same_answer_as_a_real_prometheus(prometheus: str, query: str) -> None:
    assert ours(query) == pytest.approx(asked(prometheus, query), rel=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    "query",
    ["topk(3, requests_total)", "sum(", "requests_total[5m]", '{code="200"}', "rate(requests_total)", "a and b", ""],
)
def test_what_it_does_not_know_is_refused(query: str) -> None:
    with pytest.raises(Unsupported):
        ours(query)


def test_a_quantile_of_nothing_is_not_a_number() -> None:
    store = SeriesStore()
    for second in range(30):
        store.append(START + second, [("b_bucket", {"le": edge}, 0.0) for edge in ("1", "+Inf")])
    value = evaluate(parse("histogram_quantile(0.9, rate(b_bucket[20s]))"), store, START + 29)
    assert isinstance(value, dict)
    assert math.isnan(value[frozenset()])


def test_old_samples_are_forgotten() -> None:
    store = SeriesStore(keep_seconds=10)
    for second in range(100):
        store.append(START + second, [("a", {}, float(second))])
    assert len(store.window("a", START, START + 100)[0].samples) <= 21
