"""The same promises of sync as on the sandbox, on a real kube-apiserver with real controllers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.kube.client import HttpCluster, connect
from reconciler.kube.objects import CONFIG_MAPS
from tests.testbed.access import Access

sys.path.append(str(Path(__file__).parents[1] / "unit" / "sync"))

from sync_world import World
from test_coming_back import *  # noqa: F403
from test_sync_contracts import *  # noqa: F403
from test_sync_controller import *  # noqa: F403
from test_upkeep_goes_on import *  # noqa: F403

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="session")
def cluster(control_plane: Access) -> HttpCluster:
    return connect(str(control_plane.kubeconfig), user_agent="reconciler-test-sync")


@pytest.fixture
def sandbox() -> None:
    """Asked for by name in the shared tests; here the real server takes its place."""


@pytest.fixture
def world(cluster: HttpCluster, namespace: str) -> Iterator[World]:
    found = World(cluster, namespace)
    yield found
    found.controller.stop()


def test_fields_that_kubectl_applied_before_go_when_git_does_not_declare_them(world: World) -> None:
    old = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "one", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
        "data": {"k": "0", "gone": "x"},
    }
    world.cluster.create(CONFIG_MAPS, world.namespace, old, field_manager="kubectl-client-side-apply")
    world.git.push("a", world.config_map("one", k="1"))
    world.sync()
    live = world.get("one")
    assert live is not None
    assert live["data"] == {"k": "1"}
    assert "kubectl.kubernetes.io/last-applied-configuration" not in live["metadata"]["annotations"]
