"""A Service sends people and webhooks to ready pods only: that must be the one that works."""

from __future__ import annotations

from pathlib import Path

from tests.unit.daemon.world import World, ask


def test_only_the_holder_of_the_lease_is_ready_and_its_successor_becomes_so(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        first = world.daemon()
        world.wait_for("a leader", lambda: ask(f"{first.url}/readyz")[0] == 200)
        second = world.daemon()
        waits = (503, "not ready: waiting for the lease\n")
        world.wait_for("one that waits", lambda: ask(f"{second.url}/readyz") == waits)
        assert ask(f"{second.url}/healthz")[0] == 200
        first.stop()
        world.wait_for("its successor", lambda: ask(f"{second.url}/readyz")[0] == 200)
