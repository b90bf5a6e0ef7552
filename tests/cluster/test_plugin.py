"""The established client, `kubectl argo rollouts`, sees and steers our Rollouts as its users are used to."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.testbed.controlplane import ControlPlane
from tests.testbed.daemon import Daemon

pytestmark = pytest.mark.cluster
_CRDS = Path(__file__).parents[2] / "manifests" / "crds"
_ROLLOUT = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: "registry.example/shop:VERSION"}]}
  strategy:
    canary:
      steps: [{setWeight: 50}, {pause: {}}]
"""


@dataclass(frozen=True)
class Shop:
    """A Rollout that git declares and the daemon delivers, and the client to look at it with."""

    repository: Path
    plugin: Path
    kubeconfig: Path
    versions: Iterator[int]

    def release(self) -> int:
        """Commit the next version; returns its number."""
        version = next(self.versions)
        (self.repository / "shop" / "rollout.yaml").write_text(_ROLLOUT.replace("VERSION", str(version)))
        _git(self.repository, "add", "-A")
        _git(self.repository, "commit", "-q", "-m", f"Release {version}")
        return version

    def argo(self, *arguments: str) -> str:
        """Output of `kubectl argo rollouts …` for the Rollout."""
        options = ("-n", "shop", "--kubeconfig", str(self.kubeconfig))
        done = subprocess.run(
            [str(self.plugin), *arguments, *options], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0 or arguments[0] == "status", done.stderr
        return done.stdout + done.stderr

    def reaches(self, status: str) -> None:
        """Wait until the client's own `status` command says so."""
        seen = ""
        for _ in range(40):
            seen = self.argo("status", "shop", "--timeout", "1s")
            if status in seen:
                return
        raise AssertionError(f"{status} is not reached: {seen}\n{self.argo('get', 'rollout', 'shop', '--no-color')}")


@pytest.fixture(scope="module")
def shop(rollouts_plugin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """On a control plane of its own: the daemon looks after every Rollout that it sees."""
    directory = tmp_path_factory.mktemp("plugin")
    repository = directory / "repository"
    (repository / "shop").mkdir(parents=True)
    _git(repository, "init", "-q", "-b", "main")
    with ControlPlane(directory / "control-plane") as cluster:
        cluster.kubectl("apply", "--server-side", "-k", str(_CRDS))
        cluster.kubectl("create", "namespace", "shop")
        shop = Shop(repository, rollouts_plugin, cluster.kubeconfig, count(1))
        shop.release()
        flags = {"--repo": str(repository), "--path": "shop", "--namespace": "shop", "--poll": "1s"}
        daemon = Daemon(directory, {**flags, "--kubeconfig": str(cluster.kubeconfig)})
        try:
            daemon.start()
            shop.reaches("Healthy")
            yield shop
        finally:
            daemon.stop()


def test_get_shows_the_step_the_weight_and_both_versions_of_a_paused_canary(shop: Shop) -> None:
    version = shop.release()
    shop.reaches("Paused")
    shown = shop.argo("get", "rollout", "shop", "--no-color")
    assert "CanaryPauseStep" in shown
    assert "Step:          1/2" in shown
    assert "SetWeight:     50" in shown
    assert f"shop:{version} (canary)" in shown
    assert f"shop:{version - 1} (stable)" in shown
    _finish(shop)


def test_promote_ends_a_pause(shop: Shop) -> None:
    version = shop.release()
    shop.reaches("Paused")
    shop.argo("promote", "shop")
    shop.reaches("Healthy")
    assert f"shop:{version} (stable)" in shop.argo("get", "rollout", "shop", "--no-color")


def test_abort_returns_to_the_stable_version_and_retry_tries_again(shop: Shop) -> None:
    version = shop.release()
    shop.reaches("Paused")
    shop.argo("abort", "shop")
    shop.reaches("Degraded")
    assert f"shop:{version - 1} (stable)" in shop.argo("get", "rollout", "shop", "--no-color")
    shop.argo("retry", "rollout", "shop")
    shop.reaches("Paused")
    _finish(shop)


def test_promote_full_skips_all_steps(shop: Shop) -> None:
    version = shop.release()
    shop.reaches("Paused")
    _finish(shop)
    assert f"shop:{version} (stable)" in shop.argo("get", "rollout", "shop", "--no-color")


def _finish(shop: Shop) -> None:
    shop.argo("promote", "shop", "--full")
    shop.reaches("Healthy")


def _git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@testbed.invalid")
    subprocess.run(["git", "-C", str(directory), *identity, *arguments], check=True, timeout=30)
