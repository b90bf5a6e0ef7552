"""Without the lease nothing is written but Leases and Events; reading goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from reconciler.errors import Transient
from reconciler.kube.api import Cluster
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import CONFIG_MAPS, LEASES
from reconciler.sandbox.server import Sandbox

BODY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}, "data": {"a": "1"}}
LEASE = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "mine"}, "spec": {}}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as found:
        yield found


@pytest.fixture
def fenced(sandbox: Sandbox) -> Iterator[HttpCluster]:
    """A cluster with one ConfigMap `old` that must not be changed."""
    free = HttpCluster.for_url(sandbox.url)
    free.create(CONFIG_MAPS, "default", BODY | {"metadata": {"name": "old"}})
    cluster = HttpCluster.for_url(sandbox.url)
    cluster.fence(lambda: False)
    yield cluster
    free.delete(CONFIG_MAPS, "default", "old")


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda it: it.create(CONFIG_MAPS, "default", BODY), id="create"),
        pytest.param(lambda it: it.apply(CONFIG_MAPS, "default", "old", BODY), id="apply"),
        pytest.param(lambda it: it.patch(CONFIG_MAPS, "default", "old", {"data": {"a": "2"}}), id="patch"),
        pytest.param(lambda it: it.delete(CONFIG_MAPS, "default", "old"), id="delete"),
    ],
)
def test_without_the_lease_nothing_is_written(fenced: HttpCluster, write: Callable[[Cluster], object]) -> None:
    with pytest.raises(Transient, match="another replica may hold the lease"):
        write(fenced)
    assert fenced.get(CONFIG_MAPS, "default", "old")["data"] == {"a": "1"}
    assert [it["metadata"]["name"] for it in fenced.list(CONFIG_MAPS, "default")].count("new") == 0


def test_the_lease_itself_may_be_written(fenced: HttpCluster) -> None:
    fenced.create(LEASES, "default", LEASE)
    fenced.patch(LEASES, "default", "mine", {"spec": {"holderIdentity": "me"}})
    assert fenced.get(LEASES, "default", "mine")["spec"]["holderIdentity"] == "me"


def test_the_fence_is_asked_at_every_write(sandbox: Sandbox) -> None:
    answers = iter([True, False, True])
    cluster = HttpCluster.for_url(sandbox.url)
    cluster.fence(lambda: next(answers))
    cluster.create(CONFIG_MAPS, "default", BODY | {"metadata": {"name": "asked"}})
    with pytest.raises(Transient):
        cluster.delete(CONFIG_MAPS, "default", "asked")
    cluster.delete(CONFIG_MAPS, "default", "asked")
