"""Fixtures of the tests on a real control plane."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.testbed.access import Access

_CRDS = Path(__file__).parents[2] / "manifests" / "crds"


@pytest.fixture
def namespace(control_plane: Access) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"test-{secrets.token_hex(4)}"
    control_plane.kubectl("create", "namespace", name)
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def rollout_crds(control_plane: Access) -> Access:
    """The control plane with our resource definitions installed and served."""
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(_CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    return control_plane
