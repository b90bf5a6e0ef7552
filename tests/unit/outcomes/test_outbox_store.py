"""The outbox in the cluster: beside the Application's record, never in its way. On the sandbox's API server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.apps.record import Record, RecordStore, record_name
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import CONFIG_MAPS
from reconciler.outcomes.outbox import Outbox
from reconciler.outcomes.store import DATA_KEY, ConfigMapOutboxes
from reconciler.sandbox.server import Sandbox
from tests.unit.outcomes.test_outbox import SUCCESS, offered, wish

NAMESPACE = "default"
WANTED = offered(SUCCESS)


@pytest.fixture(scope="module")
def server() -> Iterator[HttpCluster]:
    with Sandbox(controllers=False) as sandbox:
        yield HttpCluster.for_url(sandbox.url)


@pytest.fixture
def cluster(server: HttpCluster) -> Iterator[HttpCluster]:
    yield server
    for found in server.list(CONFIG_MAPS, NAMESPACE):
        server.delete(CONFIG_MAPS, NAMESPACE, found["metadata"]["name"])


def data(cluster: HttpCluster) -> dict[str, Any]:
    return cluster.get(CONFIG_MAPS, NAMESPACE, record_name("shop"))["data"]


def test_an_outbox_comes_back_as_it_was_saved(cluster: HttpCluster):
    ConfigMapOutboxes(cluster, NAMESPACE).save("shop", WANTED)
    assert ConfigMapOutboxes(cluster, NAMESPACE).load("shop") == WANTED


def test_nothing_saved_is_an_empty_outbox(cluster: HttpCluster):
    assert ConfigMapOutboxes(cluster, NAMESPACE).load("shop") == Outbox()


def test_record_and_outbox_share_an_object_and_keep_out_of_each_others_way(cluster: HttpCluster):
    records, outboxes = RecordStore(cluster, NAMESPACE), ConfigMapOutboxes(cluster, NAMESPACE)
    stored = records.save(records.load("shop"), Record("shop", accepted="a"))
    outboxes.save("shop", WANTED)
    records.save(stored, Record("shop", accepted="b"))
    assert outboxes.load("shop") == WANTED
    assert records.load("shop").record.accepted == "b"


def test_an_outbox_that_comes_before_the_record_does_not_hinder_it(cluster: HttpCluster):
    ConfigMapOutboxes(cluster, NAMESPACE).save("shop", WANTED)
    records = RecordStore(cluster, NAMESPACE)
    records.save(records.load("shop"), Record("shop", accepted="a"))
    assert set(data(cluster)) == {DATA_KEY, "record"}


def test_an_outbox_that_cannot_be_read_is_started_afresh(cluster: HttpCluster):
    outboxes = ConfigMapOutboxes(cluster, NAMESPACE)
    outboxes.save("shop", WANTED)
    cluster.patch(CONFIG_MAPS, NAMESPACE, record_name("shop"), {"data": {DATA_KEY: "{broken"}})
    assert outboxes.load("shop") == Outbox()


def test_a_large_outbox_fits_into_one_object(cluster: HttpCluster):
    text = "error-rate 34% (must be < 10%): rolled back to shop:v1"
    large = offered(*(wish(f"{text} {number}", sha=f"{number:040x}") for number in range(1000)))
    outboxes = ConfigMapOutboxes(cluster, NAMESPACE)
    outboxes.save("shop", large)
    assert outboxes.load("shop") == large
    assert len(data(cluster)[DATA_KEY]) < 100_000
