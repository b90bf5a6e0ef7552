"""What the daemon costs when nothing happens: 100 Applications of 10 objects each.

    python -m benchmarks.idle [--applications 100] [--seconds 60]

A real kube-apiserver whose audit log counts requests; CPU and memory from /proc. Measured after everything was applied
and it has been quiet for a while.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.bench import Figure, control_plane, cpu_seconds, daemon, report, rss_mib, wait_for
from reconciler.git.commits import commit_files, create_repository
from tests.testbed.controlplane import ControlPlane

SETTLE_SECONDS = 20.0


def objects(app: str) -> dict[str, bytes]:
    """Eight ConfigMaps, a Service and a Deployment."""
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {0}-{1}}}\ndata: {{text: '{1}'}}\n"
    files = {f"apps/{app}/config-{n}.yaml": config.format(app, n).encode() for n in range(8)}
    workload = f"""apiVersion: v1
kind: Service
metadata: {{name: {app}}}
spec: {{selector: {{app: {app}}}, ports: [{{port: 80}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {app}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: {app}}}}}
  template:
    metadata: {{labels: {{app: {app}}}}}
    spec: {{containers: [{{name: web, image: "registry.example/web:1"}}]}}
"""
    return files | {f"apps/{app}/web.yaml": workload.encode()}


def configuration(repository: Path, apps: list[str], kubeconfig: Path) -> dict[str, object]:
    return {
        "kubernetes": {"kubeconfig": str(kubeconfig), "namespace": "default"},
        "repositories": [{"url": str(repository), "poll": "60s"}],
        "applications": [
            {
                "name": app,
                "source": {"repoURL": str(repository), "path": f"apps/{app}"},
                "destination": {"namespace": "default"},
                "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
            }
            for app in apps
        ],
    }


def requests(audit: Path) -> Counter[str]:
    """The daemon's requests so far by "verb resource", watches and Leases apart."""
    counts: Counter[str] = Counter()
    for line in audit.read_text().splitlines():
        entry = json.loads(line)
        if entry.get("userAgent", "").startswith("reconciler/"):
            counts[f"{entry['verb']} {entry.get('objectRef', {}).get('resource', '')}"] += 1
    return counts


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--applications", type=int, default=100)
    options.add_argument("--seconds", type=float, default=60.0)
    asked = options.parse_args()
    apps = [f"app-{number:03}" for number in range(asked.applications)]
    with tempfile.TemporaryDirectory(prefix="bench-") as name, control_plane() as cluster:
        folder, repository = Path(name), Path(name) / "repo.git"
        create_repository(repository)
        files = {path: content for app in apps for path, content in objects(app).items()}
        commit_files(repository, files, "Begin")
        config = folder / "reconciler.yaml"
        config.write_text(json.dumps(configuration(repository, apps, cluster.kubeconfig)))
        started = time.monotonic()
        with daemon(folder, {"--config": str(config)}) as running:
            wait_for("all applied", lambda: _applied(cluster) == len(apps), 600)
            applied_seconds = time.monotonic() - started
            wait_for("all healthy", lambda: _healthy(running.url) == len(apps), 600)
            time.sleep(SETTLE_SECONDS)
            before, cpu = requests(cluster.audit_log), cpu_seconds(running.pid)
            time.sleep(asked.seconds)
            used, memory = cpu_seconds(running.pid) - cpu, rss_mib(running.pid)
            asked_for = requests(cluster.audit_log) - before
    extra = {what: n for what, n in asked_for.items() if not what.startswith("watch ") and not what.endswith(" leases")}
    print("requests while idle:", dict(asked_for))
    report(
        "idle",
        f"{len(apps)} applications of 10 objects, {asked.seconds:g} s, real kube-apiserver",
        [
            Figure("share of one core", "%", [100 * used / asked.seconds], goal=1),
            Figure("resident memory", "MiB", [memory], goal=150),
            Figure("API requests but watches and lease", "requests", [sum(extra.values())], goal=0),
            Figure("first sync of everything", "s", [applied_seconds]),
        ],
    )


def _applied(cluster: ControlPlane) -> int:
    time.sleep(0.9)  # asking costs the machine that is being measured
    return len(cluster.get("/apis/apps/v1/namespaces/default/deployments")["items"])


def _healthy(url: str) -> int:
    import urllib.request

    with urllib.request.urlopen(f"{url}/api/v1/applications", timeout=10) as answer:
        body = json.load(answer)
    found = body["applications"] if isinstance(body, dict) else body
    return sum(app["health"] == "Healthy" for app in found)


if __name__ == "__main__":
    main()
