"""Fixtures of the tests on a real control plane."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cluster.analysis_engine import until
from tests.e2e.invariants import Guard
from tests.testbed.access import Access
from tests.testbed.network import HOST
from tests.testbed.prometheus import Prometheus

_CRDS = Path(__file__).parents[2] / "manifests" / "crds"


@pytest.fixture
def namespace(control_plane: Access) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"test-{secrets.token_hex(4)}"
    control_plane.kubectl("create", "namespace", name)
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def guard(control_plane: Access, namespace: str) -> Iterator[Guard]:
    """Holds what happens to the Rollout `shop` of the namespace against the invariants; ask it at the end."""
    with Guard(control_plane, namespace, "shop") as guard:
        yield guard


@pytest.fixture(scope="session")
def rollout_crds(control_plane: Access) -> Access:
    """The control plane with our resource definitions installed and served."""
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(_CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    return control_plane


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It scrapes itself."""
    targets: dict[str, str] = {}
    server = Prometheus(tmp_path_factory.mktemp("prometheus"), HOST, targets)
    targets["self"] = urlsplit(server.url).netloc
    with server:
        until(lambda: server.query("up == 1"), 15)
        yield server
