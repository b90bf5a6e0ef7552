"""Each joint of the end-to-end bench by itself, so that a failing story points at the product."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.ground import NAMESPACE
from tests.e2e.world import REPOSITORY, World, wait_for, world
from tests.testbed.gitea import OWNER

pytestmark = pytest.mark.e2e
_SHOP = Path(__file__).parent / "app"


@pytest.fixture(scope="module")
def bench() -> Iterator[World]:
    with world(rate=40) as running:
        for version, image in (("stable", "shop:1"), ("canary", "shop:2-failing")):
            running.cluster.kubectl("-n", NAMESPACE, "create", "-f", "-", stdin=_deployment(version, image))
        running.cluster.kubectl("-n", NAMESPACE, "create", "-f", str(_SHOP / "services.yaml"))
        running.cluster.kubectl("-n", NAMESPACE, "create", "-f", str(_SHOP / "route.yaml"))
        for version in ("stable", "canary"):
            selector = json.dumps({"spec": {"selector": {"app": "shop", "version": version}}})
            running.cluster.kubectl("-n", NAMESPACE, "patch", "service", f"shop-{version}", "-p", selector)
            running.cluster.kubectl("-n", NAMESPACE, "rollout", "status", f"deployment/{version}", "--timeout=30s")
        yield running


@pytest.mark.parametrize("weight", [0, 25, 60])
def test_the_proxy_splits_users_by_weight(bench: World, weight: int) -> None:
    _set_weight(bench, weight)
    since = time.monotonic()
    time.sleep(5)
    images = Counter(answer.image for answer in bench.users.answers(since, since + 5))
    assert images.total() >= 150
    assert images["shop:2-failing"] / images.total() == pytest.approx(weight / 100, abs=0.02)


def test_prometheus_tells_the_canarys_error_rate_and_latency(bench: World) -> None:
    _set_weight(bench, 50)
    time.sleep(6)
    service = f'service=~"{NAMESPACE}-shop-canary-80@.*"'
    buckets = f"sum by (le) (rate(traefik_service_request_duration_seconds_bucket{{{service}}}[5s]))"
    [(_, errors)] = bench.prometheus.query(
        f'sum(rate(traefik_service_requests_total{{{service},code=~"5.."}}[5s]))'
        f" / sum(rate(traefik_service_requests_total{{{service}}}[5s]))"
    )
    [(_, p95)] = bench.prometheus.query(f"histogram_quantile(0.95, {buckets})")
    assert 0.15 < errors < 0.45
    assert 0.001 < p95 < 0.1


def test_a_push_is_told_to_the_webhook_signed(bench: World) -> None:
    heard: list[tuple[dict[str, str], bytes]] = []
    with bench.network.entered():
        server = http.server.HTTPServer(("127.0.0.1", 0), _listener(heard))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        bench.gitea.add_webhook(REPOSITORY, f"http://127.0.0.1:{server.server_port}/", "the-secret")
        sha = bench.clone.push("2")
        headers, body = wait_for(lambda: heard and heard[0], 10, lambda: "the forge did not call")
    finally:
        server.shutdown()
        server.server_close()
    assert json.loads(body)["after"] == sha
    assert headers["X-GitHub-Event"] == "push"
    assert headers["X-Hub-Signature-256"].startswith("sha256=")


def test_statuses_are_read_back_newest_first(bench: World) -> None:
    sha = bench.clone.push("3")
    for state in ("pending", "success"):
        status = {"state": state, "context": "reconciler/shop", "description": state, "target_url": "http://127.0.0.1/"}
        bench.gitea.ask("POST", f"/repos/{OWNER}/{REPOSITORY}/statuses/{sha}", status)
    assert [status["status"] for status in bench.statuses(sha)] == ["success", "pending"]


def _set_weight(bench: World, weight: int) -> None:
    services = [("shop-stable", 100 - weight), ("shop-canary", weight)]
    split = [{"name": name, "port": 80, "weight": share} for name, share in services]
    patch = json.dumps({"spec": {"weighted": {"services": split}}})
    bench.cluster.kubectl("-n", NAMESPACE, "patch", "traefikservice", "shop", "--type=merge", "-p", patch)
    time.sleep(2)


def _deployment(version: str, image: str) -> str:
    labels = {"app": "shop", "version": version}
    container = {"name": "shop", "image": image, "ports": [{"name": "http", "containerPort": 8080}]}
    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": version},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }
    )


def _listener(heard: list[tuple[dict[str, str], bytes]]) -> type[http.server.BaseHTTPRequestHandler]:
    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Listener
