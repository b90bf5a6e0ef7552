"""The whole daemon on the sandbox: from push to status, through restarts, trouble and its end."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.daemon import Daemon
from reconciler.sandbox.server import Sandbox
from tests.unit.daemon.world import World, ask


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as found:
        yield found


def test_a_push_found_by_polling_ends_in_a_status(world: World) -> None:
    world.daemon()
    world.ends_with(world.push("1"), "success")
    world.ends_with(world.push("2"), "success")


def test_a_push_told_by_a_webhook_ends_in_a_status_without_any_poll(world: World) -> None:
    daemon = world.daemon(world.settings(poll_seconds=3600))
    world.wait_for("the first look", lambda: daemon.delivery("web") is not None)
    sha = world.push("1")
    assert world.announce(daemon, sha) == 202
    world.ends_with(sha, "success")


def test_a_webhook_with_a_wrong_signature_is_refused(world: World) -> None:
    assert world.announce(world.daemon(world.settings(poll_seconds=3600)), world.push("1"), secret="guess") == 401


def test_what_is_wrong_in_git_is_a_failure_that_names_the_file(world: World) -> None:
    world.daemon()
    sha = world.push("1", manifest="apiVersion: v1\nkind: ConfigMap\nmetadata: [")
    world.ends_with(sha, "failure")
    assert "web/web.yaml" in world.book.of(sha)[-1].description


def test_a_restart_in_the_middle_continues_to_the_verdict(tmp_path: Path) -> None:
    with World(tmp_path, ready_seconds=2.0) as world:
        first = world.daemon()
        sha = world.push("1")
        world.ends_with(sha, "pending")
        first.stop()
        assert world.state(sha) == "pending"
        world.daemon()
        world.ends_with(sha, "success")


def test_nothing_is_decided_before_the_cluster_was_read(world: World) -> None:
    port = _free_port()
    late = Sandbox(port=port)
    daemon = world.daemon(world.settings(server=f"http://127.0.0.1:{port}"))
    sha = world.push("1")
    code, why = ask(f"{daemon.url}/readyz")
    assert (code, "waiting for" in why) == (503, True)
    assert ask(f"{daemon.url}/healthz")[0] == 200
    assert daemon.delivery("web") is None
    with late:
        world.ends_with(sha, "success")
        assert ask(f"{daemon.url}/readyz")[0] == 200
        daemon.stop()


def test_a_cluster_without_our_kinds_still_gets_plain_workloads_and_the_log_names_what_is_missing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        world.daemon()
        world.ends_with(world.push("1"), "success")
    said = [record for record in caplog.records if "does not serve" in record.getMessage()]
    kinds = said[0].__dict__["fields"]["kinds"]
    assert "Rollout" in kinds and "AnalysisTemplate" in kinds


def test_of_two_daemons_one_works_and_the_other_takes_over(world: World) -> None:
    first = world.daemon()
    second = world.daemon()
    working, waiting = (first, second) if _takes_lead(world, first) else (second, first)
    world.ends_with(world.push("1"), "success")
    assert waiting.delivery("web") is None
    before = len(world.book.posted)
    working.stop()
    world.ends_with(world.push("2"), "success")
    assert waiting.delivery("web") is not None
    assert len({(it.sha, it.state, it.description) for it in world.book.posted[before:]}) == len(
        world.book.posted[before:]
    )


def _takes_lead(world: World, daemon: Daemon) -> bool:
    """Whether this one got the lease; waits until one of them has it."""
    lease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/reconciler"
    world.wait_for("a leader", lambda: ask(world.sandbox.url + lease)[0] == 200)
    return bool(world.get(lease)["spec"]["holderIdentity"] == daemon._leadership._lease._identity)


def test_its_end_leaves_no_thread_and_no_socket(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        _settle(world)
        threads, sockets = set(threading.enumerate()), _sockets()
        daemon = world.daemon()
        world.ends_with(world.push("2"), "success")
        started = time.monotonic()
        daemon.stop()
        assert time.monotonic() - started < 5
        world.wait_for("all threads' end", lambda: set(threading.enumerate()) <= threads)
        world.wait_for("all sockets' end", lambda: _sockets() <= sockets)


def _settle(world: World) -> None:
    """Whatever is started once per process is there afterwards."""
    daemon = world.daemon()
    world.ends_with(world.push("1"), "success")
    daemon.stop()
    time.sleep(0.5)


def test_stopping_what_hardly_began_is_quick(world: World) -> None:
    for pause in (0.0, 0.05, 0.2, 0.5):
        daemon = world.daemon()
        time.sleep(pause)
        started = time.monotonic()
        daemon.stop()
        assert time.monotonic() - started < 5


def _sockets() -> int:
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found += str(entry.readlink()).startswith("socket:")
        except OSError:
            continue
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
