from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from reconciler.kube.client import HttpCluster
from reconciler.kube.connection import plain
from reconciler.kube.informer import HOPELESS_DELAY, Informer
from reconciler.kube.objects import CONFIG_MAPS, Meta
from reconciler.runtime.clock import SystemClock, VirtualClock


class Thing(msgspec.Struct, frozen=True):
    metadata: Meta
    size: int = 0


def an_object(name: str, version: int, size: Any = 0) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": metadata, "size": size}


def listing(version: int, *items: dict[str, Any]) -> Callable[[Any], None]:
    return lambda peer: peer.answer(200, {"metadata": {"resourceVersion": str(version)}, "items": items})


def events(*pairs: tuple[str, dict[str, Any]]) -> Callable[[Any], None]:
    def script(peer: Any) -> None:
        peer.stream(*({"type": kind, "object": item} for kind, item in pairs))
        peer.end()

    return script


def refusing(code: int, reason: str) -> Callable[[Any], None]:
    return lambda peer: peer.refuse(code, reason, reason)


BOOKMARK = ("BOOKMARK", {"metadata": {"resourceVersion": "20"}})
GONE = ("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})


@pytest.fixture
def things(server: Any) -> Informer[Thing]:
    cluster = HttpCluster(plain(server.url), "reconciler/9", silence=0.3)
    return Informer(cluster, CONFIG_MAPS, msgspec.json.Decoder(Thing).decode, namespace="shop", clock=VirtualClock())


def sizes(things: Informer[Thing]) -> dict[str, int]:
    return {thing.metadata.name: thing.size for thing in things.store.list()}


def versions_watched(server: Any) -> list[str]:
    return [t.partition("resourceVersion=")[2].partition("&")[0] for t in server.targets() if "watch=true" in t]


def test_the_store_follows_list_and_watch(server: Any, things: Informer[Thing]) -> None:
    server.then(
        listing(5, an_object("a", 1, 1), an_object("b", 2, 2)),
        events(("MODIFIED", an_object("a", 6, 6)), ("DELETED", an_object("b", 7)), ("ADDED", an_object("c", 8, 8))),
    )
    assert things.step() == 0
    assert sizes(things) == {"a": 6, "c": 8}
    assert things.synced()


def test_a_watch_is_resumed_from_the_last_bookmark_without_a_list(server: Any, things: Informer[Thing]) -> None:
    server.then(listing(5), events(BOOKMARK), events(BOOKMARK))
    things.step()
    things.step()
    assert versions_watched(server) == ["5", "20"]
    assert len(server.seen) == 3


def test_a_version_too_old_leads_to_a_new_list_that_tells_of_deletions(server: Any, things: Informer[Thing]) -> None:
    server.then(
        listing(5, an_object("a", 1, 1), an_object("b", 2, 2)),
        events(GONE),
        listing(30, an_object("b", 2, 2)),
        events(BOOKMARK),
    )
    gone: list[str] = []
    things.store.subscribe(lambda old, new: gone.append(old.metadata.name) if old and not new else None)
    assert 0 < things.step() <= 0.5
    things.step()
    assert gone == ["a"]
    assert versions_watched(server) == ["5", "30"]
    assert things.relists == 1


def test_one_object_that_cannot_be_read_costs_no_other(server: Any, things: Informer[Thing]) -> None:
    server.then(
        listing(5, an_object("bad", 1, "big"), an_object("good", 2, 2)),
        events(("MODIFIED", an_object("bad", 6, [])), ("MODIFIED", an_object("good", 7, 7))),
    )
    things.step()
    assert sizes(things) == {"good": 7}
    assert list(things.store.undecodable) == [("shop", "bad")]


@pytest.mark.parametrize(("code", "reason", "absent"), [(404, "NotFound", True), (403, "Forbidden", False)])
def test_a_kind_that_is_not_there_or_not_permitted_is_asked_for_slowly_and_told(
    server: Any, things: Informer[Thing], code: int, reason: str, absent: bool
) -> None:
    server.then(refusing(code, reason), listing(5, an_object("a", 1, 1)), events(BOOKMARK))
    assert things.step() >= HOPELESS_DELAY
    assert reason in things.failing
    assert things.absent is absent
    assert not things.synced()
    things.step()
    assert things.failing == ""
    assert not things.absent
    assert sizes(things) == {"a": 1}


def test_a_broken_server_is_asked_less_and_less_often_and_at_least_as_slowly_as_it_wishes(
    server: Any, things: Informer[Thing]
) -> None:
    server.then(
        refusing(500, "InternalError"),
        refusing(500, "InternalError"),
        refusing(500, "InternalError"),
        lambda peer: peer.refuse(429, "TooManyRequests", "slow", "Retry-After: 9"),
    )
    waits = [things.step() for _ in range(4)]
    assert [0.25 <= waits[0] <= 0.5, 0.5 <= waits[1] <= 1, 1 <= waits[2] <= 2, waits[3] == 9] == [True] * 4
    assert "list ConfigMap shop" in things.failing


def test_what_is_known_stays_while_the_watch_is_broken(server: Any, things: Informer[Thing]) -> None:
    server.then(listing(5, an_object("a", 1, 1)), lambda peer: (peer.stream(), peer.wait_for_close()))
    assert things.step() > 0
    assert "silent" in things.failing
    assert sizes(things) == {"a": 1}


def test_watches_that_end_at_once_are_not_reopened_in_a_rush(server: Any, things: Informer[Thing]) -> None:
    server.then(listing(5), events())
    waits = [things.step() for _ in range(4)]
    assert waits[0] > 0
    assert waits[3] >= 2


def test_a_bug_in_our_own_code_does_not_end_the_thread(
    server: Any, things: Informer[Thing], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.then(listing(5))
    monkeypatch.setattr(things.store, "replace", lambda *_args: 1 // 0)
    assert things.step() >= HOPELESS_DELAY
    assert "ZeroDivisionError" in things.failing


@pytest.fixture
def running(server: Any) -> Iterator[Informer[Thing]]:
    cluster = HttpCluster(plain(server.url), "reconciler/9", silence=60)
    started = Informer(cluster, CONFIG_MAPS, msgspec.json.Decoder(Thing).decode, clock=SystemClock())
    server.then(listing(5, an_object("a", 1, 1)), lambda peer: (peer.stream(), peer.wait_for_close()))
    started.start()
    yield started
    started.stop()


def test_stopping_does_not_wait_for_the_watch_to_end(running: Informer[Thing]) -> None:
    assert running.wait_synced(10)
    before = time.monotonic()
    running.stop()
    assert time.monotonic() - before < 5
    assert not running._thread.is_alive()
