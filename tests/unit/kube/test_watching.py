from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from reconciler.errors import Gone, Refused, Transient
from reconciler.kube.client import HttpCluster
from reconciler.kube.connection import plain
from reconciler.kube.objects import CONFIG_MAPS
from reconciler.kube.watching import Watch


@pytest.fixture
def cluster(server: Any) -> HttpCluster:
    return HttpCluster(plain(server.url), "reconciler/9", silence=0.3)


def watch(cluster: HttpCluster) -> Watch:
    return cluster.watch(CONFIG_MAPS, "shop", resource_version="5", label_selector="app=a")


def event(kind: str, version: str, **metadata: Any) -> dict[str, Any]:
    return {"type": kind, "object": {"metadata": {"resourceVersion": version, **metadata}}}


GONE = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}


def test_events_come_until_the_server_ends_the_watch(server: Any, cluster: HttpCluster) -> None:
    def script(peer: Any) -> None:
        peer.stream(event("ADDED", "6", name="a"), event("BOOKMARK", "9"), event("DELETED", "10", name="a"))
        peer.end()

    server.then(script)
    events = list(watch(cluster))
    assert [(e.type, e.resource_version) for e in events] == [("ADDED", "6"), ("BOOKMARK", "9"), ("DELETED", "10")]
    assert json.loads(events[0].raw)["metadata"]["name"] == "a"
    assert events[1].raw == b""


def test_a_watch_asks_for_bookmarks_from_the_given_version_and_for_an_end(server: Any, cluster: HttpCluster) -> None:
    server.then(lambda peer: (peer.stream(), peer.end()))
    list(watch(cluster))
    target = server.seen[0].target
    assert target.startswith("/api/v1/namespaces/shop/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=5")
    assert "labelSelector=app%3Da" in target
    assert 300 <= int(target.partition("timeoutSeconds=")[2].partition("&")[0]) <= 600


def test_events_need_not_arrive_in_whole_chunks(server: Any, cluster: HttpCluster) -> None:
    raw = json.dumps(event("ADDED", "6", name="a" * 5000)).encode() + b"\n"

    def script(peer: Any) -> None:
        peer.stream()
        for start in range(0, 2 * len(raw), 1999):
            peer.chunk((raw * 2)[start : start + 1999])
        peer.end()

    server.then(script)
    assert [e.resource_version for e in watch(cluster)] == ["6", "6"]


def test_a_version_that_is_too_old_is_gone_whether_said_in_the_stream_or_before(
    server: Any, cluster: HttpCluster
) -> None:
    server.then(lambda peer: peer.stream(GONE), lambda peer: peer.refuse(410, "Expired", "too old"))
    for _ in range(2):
        with pytest.raises(Gone):
            list(watch(cluster))


def test_a_watch_that_may_not_be_opened_is_refused(server: Any, cluster: HttpCluster) -> None:
    server.then(lambda peer: peer.refuse(403, "Forbidden", "may not watch"))
    with pytest.raises(Refused, match="watch ConfigMap shop: may not watch"):
        watch(cluster)


def test_silence_ends_a_watch_as_transient(server: Any, cluster: HttpCluster) -> None:
    server.then(lambda peer: (peer.stream(event("ADDED", "6")), peer.wait_for_close()))
    stream = watch(cluster)
    assert next(stream).resource_version == "6"
    with pytest.raises(Transient, match=r"silent for 0\.3 s"):
        next(stream)


def test_bytes_that_make_no_event_count_as_silence(server: Any, cluster: HttpCluster) -> None:
    def dribble(peer: Any) -> None:
        peer.stream()
        peer.wait_for_close(every=lambda: peer.chunk(b" "))

    server.then(dribble)
    with pytest.raises(Transient, match="no whole event"):
        next(watch(cluster))


def test_a_stream_that_is_cut_is_a_normal_end_without_the_half_event(server: Any, cluster: HttpCluster) -> None:
    def script(peer: Any) -> None:
        peer.stream(event("ADDED", "6"))
        peer.say(b'40\r\n{"type": "MODIF')
        peer.sock.close()

    server.then(script)
    assert [e.resource_version for e in watch(cluster)] == ["6"]


def test_another_thread_can_end_a_watch_that_waits(server: Any) -> None:
    cluster = HttpCluster(plain(server.url), "reconciler/9", silence=60)
    server.then(lambda peer: (peer.stream(event("ADDED", "6")), peer.wait_for_close()))
    stream = watch(cluster)
    assert next(stream).resource_version == "6"
    started = time.monotonic()
    threading.Timer(0.1, stream.stop).start()
    assert list(stream) == []
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "line", [b"not json\n", b'{"type": "ADDED"}\n', b'{"type": "NEWS", "object": {"metadata": {}}}\n']
)
def test_a_line_that_is_no_event_is_transient(server: Any, cluster: HttpCluster, line: bytes) -> None:
    server.then(lambda peer: (peer.stream(), peer.chunk(line), peer.end()))
    with pytest.raises(Transient):
        list(watch(cluster))
