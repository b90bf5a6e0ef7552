"""`diff` and `status` on the sandbox, with a repository of files and the real doors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pygit2
import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from reconciler.apps.repositories import Repositories
from reconciler.cli.diff import diff
from reconciler.cli.status import status
from reconciler.config.flags import settings_from_flags
from reconciler.kube.client import HttpCluster
from reconciler.render.app import render
from reconciler.runtime.clock import SystemClock
from reconciler.sandbox.server import Sandbox
from reconciler.sync.controller import SyncController

CRDS = Path(__file__).parents[3] / "manifests" / "crds"
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: app, image: "shop:{version}"}}]
---
apiVersion: v1
kind: Secret
metadata: {{name: login}}
stringData: {{password: canary-{version}}}
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    server = Sandbox()
    server.start()
    yield server
    server.stop()


@dataclass
class Shop:
    """A repository, a cluster, and a way to bring one to the other."""

    repository: Path
    cluster: HttpCluster
    kubeconfig: Path
    namespace: str

    def push(self, version: str, manifests: str = WEB) -> None:
        (self.repository / "deploy").mkdir(exist_ok=True)
        (self.repository / "deploy" / "web.yaml").write_text(manifests.format(version=version))
        git = pygit2.Repository(str(self.repository))
        git.index.add_all()
        git.index.write()
        who = pygit2.Signature("dev", "dev@example.com")
        parents = [] if git.head_is_unborn else [git.head.target]
        git.create_commit("HEAD", who, who, f"shop {version}", git.index.write_tree(), parents)

    def sync(self) -> None:
        """What the daemon would do, until the objects are healthy."""
        settings = settings_from_flags(str(self.repository), "deploy", namespace=self.namespace, name=self.namespace)
        repositories = Repositories(
            settings.repositories, self.repository.parent / "cache", SystemClock(), lambda repository: None
        )
        repositories.refresh(repositories.keys()[0])
        controller = SyncController(
            settings.applications,
            self.cluster,
            self.namespace,
            repositories,
            render,
            SystemClock(),
            enqueue=lambda name: None,
            publish=lambda name, delivery: None,
        )
        controller.reconcile(self.namespace)
        controller.stop()

    def run(self, verb: Any, *arguments: str) -> Result:
        app = typer.Typer()
        app.command()(verb)
        return CliRunner().invoke(app, [*arguments, "--kubeconfig", str(self.kubeconfig)])

    def diff(self, *more: str) -> Result:
        where = ["--repo", str(self.repository), "--path", "deploy", "--namespace", self.namespace]
        return self.run(diff, *where, "--name", self.namespace, *more)

    def status(self, *more: str) -> Result:
        return self.run(status, "--namespace", self.namespace, *more)


@pytest.fixture
def shop(sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Shop:
    cluster = HttpCluster.for_url(sandbox.url)
    name = f"s{abs(hash(request.node.name)) % 10**8}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    cluster.create(cluster.find("v1", "Namespace"), None, body)
    kubeconfig = tmp_path / "kubeconfig"
    sandbox.kubeconfig(kubeconfig)
    repository = tmp_path / "repository"
    pygit2.init_repository(str(repository), initial_head="main")
    return Shop(repository, cluster, kubeconfig, name)


def test_before_the_first_sync_everything_would_be_created(shop: Shop) -> None:
    shop.push("1")
    found = shop.diff()
    assert found.exit_code == 1, found.output
    assert "create" in found.output
    assert "shop:1" in found.output


def test_after_a_sync_nothing_differs(shop: Shop) -> None:
    shop.push("1")
    shop.sync()
    found = shop.diff()
    assert (found.exit_code, "no difference" in found.output) == (0, True), found.output


def test_a_new_version_shows_images_first_then_fields_and_no_secret(shop: Shop) -> None:
    shop.push("1")
    shop.sync()
    shop.push("2")
    found = shop.diff()
    assert found.exit_code == 1
    lines = found.output.splitlines()
    assert lines[1].split() == ["APPLICATION", "WORKLOAD", "CONTAINER", "DECLARED", "RUNNING", "PODS"]
    assert "shop:2" in lines[2]
    assert "spec.template.spec.containers[name=app].image" in found.output
    assert "canary-" not in found.output
    assert "Y2FuYXJ5" not in found.output
    assert "••••1" in found.output


def test_json_says_the_same(shop: Shop) -> None:
    shop.push("1")
    shop.sync()
    shop.push("2")
    (found,) = json.loads(shop.diff("-o", "json").output)["differences"]
    changed = {item["key"][1]: item["changes"] for item in found["objects"] if item["action"] == "update"}
    assert changed["Deployment"][0] == {
        "path": "spec.template.spec.containers[name=app].image",
        "old": "shop:1",
        "new": "shop:2",
    }
    assert set(changed) == {"Deployment", "Secret"}


def test_status_shows_every_application_and_what_it_runs(shop: Shop) -> None:
    shop.push("1")
    shop.sync()
    found = shop.status()
    assert found.exit_code == 0, found.output
    assert shop.namespace in found.output
    assert "Applied" in found.output
    assert "shop:1" in found.output


def test_status_of_a_failed_commit_tells_the_problem_and_exits_with_1(shop: Shop) -> None:
    shop.push("1")
    shop.sync()
    (shop.repository / "deploy" / "bad.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n")
    shop.push("2")
    shop.sync()
    found = shop.status()
    assert found.exit_code == 1
    assert "bad.yaml" in found.output


def test_status_as_json_is_the_delivery(shop: Shop) -> None:
    shop.push("1")
    shop.sync()
    answer = json.loads(shop.status("-o", "json").output)
    (found,) = answer["applications"]
    assert (answer["version"], found["app"], found["sync"]) == (1, shop.namespace, "Synced")


def test_status_without_the_daemon_says_so(shop: Shop) -> None:
    assert "does the daemon run?" in shop.status().output


def test_age_is_rounded_down() -> None:
    from reconciler.cli.status_view import ago

    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert [ago(datetime.fromtimestamp(now.timestamp() - s, UTC), now) for s in (0, 59, 60, 3599, 7200, 172800)] == [
        "0s",
        "59s",
        "1m",
        "59m",
        "2h",
        "2d",
    ]


def test_text_from_git_cannot_command_the_terminal() -> None:
    from reconciler.cli.printing import clean

    assert "\x1b" not in clean("\x1b[2Jevil").plain


def test_status_shows_how_far_a_rollout_is(shop: Shop) -> None:
    for name in ("rollouts", "experiments", "analysisruns"):
        crd = yaml.safe_load((CRDS / f"{name}.yaml").read_text())
        kind = shop.cluster.find("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        shop.cluster.apply(kind, None, crd["metadata"]["name"], crd)
    rollout = WEB.split("---")[0].replace("apps/v1", "argoproj.io/v1alpha1").replace("Deployment", "Rollout")
    steps = "  strategy: {{canary: {{steps: [{{setWeight: 20}}, {{pause: {{}}}}]}}}}\n"
    shop.push("1", rollout + steps)
    shop.sync()
    status = {"observedGeneration": "1", "phase": "Paused", "message": "CanaryPauseStep", "currentStepIndex": 1}
    live = shop.cluster.find("argoproj.io/v1alpha1", "Rollout")
    shop.cluster.patch(live, shop.namespace, "web", {"status": status}, subresource="status")
    found = shop.status()
    assert "Rollout" in found.output, found.output
    assert "1/2" in found.output
    assert "Suspended" in found.output
