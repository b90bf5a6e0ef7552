from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.apps.compress import COMPRESS_ABOVE, LIMIT, pack, unpack
from reconciler.apps.delivery import Operation, OperationPhase
from reconciler.apps.record import Applied, Entry, Record, RecordStore, load_records, record_name
from reconciler.errors import Conflict, Position, Problem, UserError
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import CONFIG_MAPS
from reconciler.sandbox.server import Sandbox

NOW = datetime(2026, 1, 1, 12, 0, 0, 250000, tzinfo=UTC)
FULL = Record(
    "shop",
    accepted="a" * 40,
    operation=Operation(
        "a" * 40,
        OperationPhase.FAILED,
        NOW,
        problems=(Problem("wrong", "mend it", Position("deploy/app.yaml", 3, 4)),),
    ),
    applied=Applied("b" * 40, "d", NOW, "plain"),
    inventory=(
        Entry("apps", "v1", "Deployment", "shop", "web", "u", "t", "o", 3),
        Entry("", "v1", "Service", "shop", "s"),
    ),
    seen={"a" * 40: NOW},
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[HttpCluster]:
    sandbox = Sandbox(controllers=False)
    sandbox.start()
    yield HttpCluster.for_url(sandbox.url)
    sandbox.stop()


@pytest.fixture
def store(cluster: HttpCluster, request: pytest.FixtureRequest) -> RecordStore:
    namespace = f"r{abs(hash(request.node.name)) % 10**8}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    cluster.create(cluster.find("v1", "Namespace"), None, body)
    return RecordStore(cluster, namespace)


def test_a_record_comes_back_as_it_was_written(store: RecordStore) -> None:
    store.save(store.load("shop"), FULL)
    assert store.load("shop").record == FULL
    assert [found.record.app for found in load_records(store._cluster, store._namespace)] == ["shop"]


def test_the_outbox_in_the_same_object_survives_and_costs_no_conflict(store: RecordStore) -> None:
    saved = store.save(store.load("shop"), FULL)
    outbox = {"data": {"outbox": "letters"}}
    store._cluster.patch(CONFIG_MAPS, store._namespace, record_name("shop"), outbox)
    newer = msgspec.structs.replace(FULL, last_good="b" * 40)
    store.save(saved, newer)
    found = store._cluster.get(CONFIG_MAPS, store._namespace, record_name("shop"))
    assert found["data"]["outbox"] == "letters"
    assert store.load("shop").record == newer


def test_a_second_daemon_cannot_overwrite_a_newer_record(store: RecordStore) -> None:
    first = store.save(store.load("shop"), FULL)
    store.save(first, msgspec.structs.replace(FULL, last_good="b" * 40))
    with pytest.raises(Conflict):
        store.save(first, msgspec.structs.replace(FULL, last_good="c" * 40))


def test_an_outbox_that_came_first_is_kept(store: RecordStore) -> None:
    before = store.load("shop")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": record_name("shop")}, "data": {"outbox": "x"}}
    store._cluster.create(CONFIG_MAPS, store._namespace, body)
    store.save(before, FULL)
    assert store.load("shop").record == FULL


def test_an_unchanged_record_is_not_written(store: RecordStore) -> None:
    saved = store.save(store.load("shop"), FULL)
    assert store.save(saved, FULL) is saved


def test_a_damaged_record_says_what_to_do(store: RecordStore) -> None:
    store.save(store.load("shop"), FULL)
    store._cluster.patch(CONFIG_MAPS, store._namespace, record_name("shop"), {"data": {"record": "{"}})
    with pytest.raises(UserError, match="cannot be read"):
        store.load("shop")
    assert load_records(store._cluster, store._namespace) == []


@given(st.binary(max_size=50).map(lambda b: b.hex().encode()), st.integers(0, 3))
def test_packing_loses_nothing(data: bytes, times: int) -> None:
    large = data * (1 if times < 3 else 1 + COMPRESS_ABOVE // max(1, len(data)))
    assert unpack(pack(large)) == large


def test_a_large_record_is_compressed_and_an_impossible_one_is_refused() -> None:
    assert len(pack(b"a" * (COMPRESS_ABOVE + 1))) < COMPRESS_ABOVE / 10
    import random

    noise = bytes(random.Random(1).choices(range(32, 127), k=2 * LIMIT))
    with pytest.raises(UserError, match="split it"):
        pack(noise)


@pytest.mark.parametrize("text", ["zlib:AAAA", "zlib:eJw="])
def test_a_damaged_packing_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        unpack(text)


def test_names_that_are_no_dns_labels_do_not_collide() -> None:
    assert record_name("shop") == "reconciler-app-shop"
    assert record_name("Shop") != record_name("shop")
    assert record_name("a/b") != record_name("a-b")
