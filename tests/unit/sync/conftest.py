from __future__ import annotations

from collections.abc import Iterator

import pytest
from sync_world import World

from reconciler.kube.client import HttpCluster
from reconciler.sandbox.server import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    server = Sandbox()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def world(sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[World]:
    cluster = HttpCluster.for_url(sandbox.url)
    namespace = f"t{abs(hash(request.node.name)) % 10**8}"
    cluster.create(
        cluster.find("v1", "Namespace"),
        None,
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
    )
    found = World(cluster, namespace)
    yield found
    found.controller.stop()
