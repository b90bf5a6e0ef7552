"""Of many Applications, those that a push concerns are looked at first."""

from __future__ import annotations

from pathlib import Path

from reconciler.daemon import Daemon
from reconciler.runtime.clock import SystemClock
from tests.unit.daemon.world import World

APPS = tuple(f"app-{number}" for number in range(8))


def test_a_push_enqueues_the_applications_that_it_concerns_first(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        for app in APPS:
            world.push("1", app)
        settings = world.settings(poll_seconds=3600, apps=APPS)
        daemon = Daemon(settings, SystemClock())  # not started: its queues are ours to read
        daemon._cluster.fence(lambda: True)
        _refresh(daemon)
        _drain(daemon)
        for app in APPS:
            daemon._applications._sync.reconcile(app)
        world.push("2", "app-6")
        _drain(daemon)
        _refresh(daemon)
        order = _drain(daemon)
        assert order[0] == "app-6"
        assert sorted(order) == sorted(APPS)
        daemon.stop()


def _refresh(daemon: Daemon) -> None:
    (key,) = daemon._applications._repositories.keys()
    daemon._applications._repositories.refresh(key)


def _drain(daemon: Daemon) -> list[str]:
    queue, found = daemon._applications._queues["application"], []
    while (key := queue.get(0)) is not None:
        found.append(key)
        queue.done(key)
    return found
