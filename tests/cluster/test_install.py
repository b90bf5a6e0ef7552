"""What `manifests/install` allows is enough for everything that the daemon does, and the configuration in it works."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.world import wait_for
from tests.testbed.access import DAEMON
from tests.testbed.controlplane import ControlPlane
from tests.testbed.daemon import Daemon
from tests.testbed.network import HOST
from tests.testbed.web import ask

pytestmark = pytest.mark.cluster

_INSTALL = Path(__file__).parents[2] / "manifests" / "install"
_GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")

_SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: shop-{version}}}
spec:
  selector: {{app: shop}}
  ports: [{{port: 80}}]
"""
_INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example
      http:
        paths: [{path: /, pathType: Prefix, backend: {service: {name: shop-stable, port: {number: 80}}}}]
"""
_ROLLOUT = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: shop}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: shop}}}}
  template:
    metadata: {{labels: {{app: shop}}}}
    spec: {{containers: [{{name: shop, image: "shop:{tag}"}}]}}
  strategy:
    canary:
      stableService: shop-stable
      canaryService: shop-canary
      canaryMetadata: {{labels: {{role: canary}}}}
      stableMetadata: {{labels: {{role: stable}}}}
      trafficRouting: {{nginx: {{stableIngress: shop}}}}
      steps:
        - setWeight: 20
        - pause: {{duration: 1s}}
        - analysis: {{templates: [{{templateName: users, clusterScope: true}}]}}
"""
_TEMPLATE = """
apiVersion: argoproj.io/v1alpha1
kind: ClusterAnalysisTemplate
metadata: {name: users}
spec:
  args:
    - name: token
      valueFrom: {secretKeyRef: {name: metrics, key: token}}
  metrics:
    - name: error-rate
      successCondition: result[0] < 0.10
      provider:
        prometheus:
          query: errors
          headers: [{key: Authorization, value: "Bearer {{args.token}}"}]
"""


class _Metrics(http.server.BaseHTTPRequestHandler):
    """Says that all is well, to whoever has the token."""

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "Bearer open sesame"
        answer = {"status": "success", "data": {"resultType": "vector", "result": [{"value": [0, "0.01"]}]}}
        self.send_response(200 if known else 403)
        self.end_headers()
        self.wfile.write(json.dumps(answer if known else {}).encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def prometheus() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Metrics) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Repository:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "shop").mkdir(parents=True)
        self._git("init", "-q")

    def commit(self, **files: str) -> str:
        """Writes the manifests, an empty one as a removal, and returns the commit."""
        for name, text in files.items():
            path = self.directory / "shop" / f"{name}.yaml"
            path.write_text(text) if text else path.unlink()
        self._git("add", "-A")
        self._git("commit", "-q", "-m", "Release")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        command = [*_GIT, "-C", str(self.directory), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Installed:
    """The daemon with the rights and the configuration of one way to install it."""

    def __init__(self, cluster: ControlPlane, directory: Path, prometheus: str) -> None:
        self.cluster, self.repository = cluster, Repository(directory / "repository")
        config = self._configured(prometheus)
        (directory / "reconciler.yaml").write_text(yaml.safe_dump(config))
        self.daemon = Daemon(directory, {"--config": str(directory / "reconciler.yaml")})

    def _configured(self, prometheus: str) -> dict[str, Any]:
        """As installed, with what can only be known here in its place."""
        data = self.cluster.get("/api/v1/namespaces/reconciler/configmaps/reconciler")["data"]
        config: dict[str, Any] = yaml.safe_load(data["reconciler.yaml"])
        url = str(self.repository.directory)
        config |= {"prometheusURL": prometheus, "repositories": [{"url": url, "branch": "main", "poll": "1s"}]}
        config["cacheDir"] = str(self.repository.directory.parent / "cache")
        config["applications"][0]["source"]["repoURL"] = url
        here = {"kubeconfig": str(self.cluster.kubeconfig_of(DAEMON)), "namespace": "reconciler"}
        config["kubernetes"] = config.get("kubernetes", {}) | here
        return config

    def succeeds(self, sha: str) -> None:
        """Waits until the commit has its verdict, which has to be a success."""

        def verdict() -> dict[str, Any] | None:
            applications = ask(HOST, "GET", f"{self.daemon.url}/api/v1/applications")["applications"]
            told = [status for found in applications for status in found["statuses"]]
            return next((s for s in told if s["sha"] == sha and s["state"] != "pending"), None)

        found = wait_for(verdict, 60, lambda: f"no verdict\n{self.daemon.log()[-3000:]}")
        assert found["state"] == "success", found["description"]

    def refused(self) -> set[str]:
        """What the daemon asked for and was not allowed."""
        entries = map(json.loads, self.cluster.audit_log.read_text().splitlines())
        return {
            f"{entry['verb']} {entry['requestURI'].partition('?')[0]}"
            for entry in entries
            if entry["user"].get("username") == DAEMON and entry.get("responseStatus", {}).get("code") == 403
        }


@pytest.fixture(params=["base", "ha", "single-namespace"])
def installed(request: pytest.FixtureRequest, tmp_path: Path, prometheus: str) -> Iterator[Installed]:
    with ControlPlane(tmp_path / "control-plane") as cluster:
        cluster.kubectl("create", "namespace", "shop")
        cluster.kubectl("apply", "--server-side", "-f", str(_INSTALL / "base" / "namespace.yaml"))
        cluster.kubectl("apply", "--server-side", "-k", str(_INSTALL / request.param))
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        cluster.kubectl("-n", "reconciler", "delete", "deployment", "--all")
        cluster.kubectl("-n", "shop", "create", "secret", "generic", "metrics", "--from-literal=token=open sesame")
        cluster.kubectl("create", "-f", "-", stdin=_TEMPLATE)
        found = Installed(cluster, tmp_path, prometheus)
        yield found
        found.daemon.stop()


def test_a_canary_a_restart_and_a_prune_need_no_more_rights_than_are_installed(installed: Installed) -> None:
    services = {f"service-{version}": _SERVICE.format(version=version) for version in ("stable", "canary")}
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
    rollout = _ROLLOUT.format(tag="1")
    first = installed.repository.commit(**services, ingress=_INGRESS, settings=settings, rollout=rollout)
    installed.daemon.start()
    installed.succeeds(first)
    installed.succeeds(installed.repository.commit(rollout=_ROLLOUT.format(tag="2"), settings=""))
    assert not installed.cluster.kubectl("-n", "shop", "get", "configmap", "settings", "--ignore-not-found")
    old = _pods(installed)
    later = datetime.now(UTC) + timedelta(seconds=2)  # times have whole seconds: no pod was made in that one
    restart = {"spec": {"restartAt": f"{later:%Y-%m-%dT%H:%M:%SZ}"}}
    installed.cluster.kubectl("-n", "shop", "patch", "rollout", "shop", "--type=merge", "-p", json.dumps(restart))
    wait_for(lambda: not old & _pods(installed), 120, lambda: f"not restarted\n{installed.daemon.log()[-3000:]}")
    shown = ask(HOST, "GET", f"{installed.daemon.url}/api/v1/rollouts/shop/shop")
    assert (shown["trouble"], bool(shown["events"])) == ("", True), "its page lists pods and events"
    assert installed.refused() == set()


def _pods(installed: Installed) -> set[str]:
    listed = installed.cluster.get("/api/v1/namespaces/shop/pods")["items"]
    return {pod["metadata"]["uid"] for pod in listed}
