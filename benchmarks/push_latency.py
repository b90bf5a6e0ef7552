"""Webhook accepted → first API write, in a repository of 10,000 files with one image tag changed.

    python -m benchmarks.push_latency [--pushes 20] [--files 10000]

A real kube-apiserver, the daemon as a subprocess, a bare repository reached by path. The first write is the first
request of the daemon other than get, list and watch in the server's audit log after the webhook was sent; Leases do not
count. It also counts what else was asked between the webhook and the applied Deployment: lists must be none.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import tempfile
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.bench import Figure, control_plane, daemon, report, wait_for
from reconciler.git.commits import commit_files, create_repository

READS = ("get", "list", "watch")
SECRET = "bench"


def deployment(tag: int) -> bytes:
    return f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: web, image: "registry.example/web:{tag}"}}]
""".encode()


def filler(files: int) -> dict[str, bytes]:
    """Files outside of the Application, ten to a directory, and nine ConfigMaps inside of it."""
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: config-{0}}}\ndata: {{number: '{0}'}}\n"
    inside = {f"apps/web/config-{n}.yaml": config.format(n).encode() for n in range(9)}
    outside = {f"other/{n // 100:03}/{n // 10 % 10}/file-{n}.yaml": f"value: {n}\n".encode() for n in range(files - 10)}
    return inside | outside


def post(url: str, secret: str, repository: Path, sha: str, delivery: int) -> float:
    """Sends the push webhook; returns the time at which it was accepted."""
    body = json.dumps(
        {
            "ref": "refs/heads/main",
            "after": sha,
            "repository": {"full_name": "bench/repo", "clone_url": str(repository), "html_url": str(repository)},
        }
    ).encode()
    headers = {
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": f"bench-{delivery}",
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
        "Content-Type": "application/json",
    }
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=5) as answer:
        assert answer.status == 202, answer.status
    return time.time()


def entries(audit: Path, since: float) -> list[dict[str, Any]]:
    """The daemon's finished requests after a moment, without Leases."""
    found = []
    for line in audit.read_text().splitlines():
        entry = json.loads(line)
        resource = entry.get("objectRef", {}).get("resource", "")
        if entry["requestURI"].partition("?")[2].find("dryRun=All") >= 0:
            continue
        if entry.get("userAgent", "").startswith("reconciler/") and resource != "leases" and at(entry) >= since:
            found.append(entry)
    return sorted(found, key=at)


def at(entry: dict[str, Any]) -> float:
    return datetime.strptime(entry["requestReceivedTimestamp"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()


def is_deployment_write(entry: dict[str, Any]) -> bool:
    return entry["verb"] not in READS and entry.get("objectRef", {}).get("resource") == "deployments"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pushes", type=int, default=20)
    options.add_argument("--files", type=int, default=10_000)
    asked = options.parse_args()
    first_write, first_apply, lists = [], [], Counter[str]()
    with tempfile.TemporaryDirectory(prefix="bench-") as name, control_plane() as cluster:
        folder, repository = Path(name), Path(name) / "repo.git"
        create_repository(repository)
        commit_files(repository, filler(asked.files) | {"apps/web/web.yaml": deployment(0)}, "Begin")
        flags = {
            "--repo": str(repository),
            "--path": "apps/web",
            "--kubeconfig": str(cluster.kubeconfig),
            "--forge-repo": "bench/repo",
            "--forge-api": "http://127.0.0.1:9",
            "--poll": "1h",
        }
        with daemon(folder, flags, {"GITHUB_TOKEN": "none", "RECONCILER_WEBHOOK_SECRET": SECRET}) as running:
            ready = lambda: any(map(is_deployment_write, entries(cluster.audit_log, 0)))  # noqa: E731
            wait_for("the first sync", ready)
            time.sleep(5)
            for push in range(1, asked.pushes + 1):
                sha = commit_files(repository, {"apps/web/web.yaml": deployment(push)}, f"Release {push}")
                accepted = post(running.hook, SECRET, repository, sha, push)
                wait_for("the apply", lambda: any(map(is_deployment_write, entries(cluster.audit_log, accepted))), 30)  # noqa: B023
                seen = entries(cluster.audit_log, accepted - 0.05)
                first_write.append(1000 * (at(next(e for e in seen if e["verb"] not in READS)) - accepted))
                applied = next(filter(is_deployment_write, seen))
                first_apply.append(1000 * (at(applied) - accepted))
                lists.update(e["objectRef"]["resource"] for e in seen if e["verb"] == "list" and at(e) <= at(applied))
                time.sleep(2)
    report(
        "push_latency",
        f"{asked.files:,} files, {asked.pushes} pushes of one image tag, path transport, real kube-apiserver",
        [
            Figure("webhook accepted to first API write", "ms", first_write, goal=300),
            Figure("webhook accepted to Deployment applied", "ms", first_apply),
            Figure("lists in between", "requests", [sum(lists.values())], goal=0),
        ],
    )


if __name__ == "__main__":
    main()
