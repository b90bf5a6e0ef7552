"""A process that is killed before or after any of its writes: the next one brings the same end, and leaves nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sync_builders import Rendered
from sync_world import World

from reconciler.apps.delivery import OperationPhase
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import CONFIG_MAPS
from reconciler.runtime.clock import SystemClock
from reconciler.sync.controller import SyncController

WRITES = ("apply", "create", "patch", "delete")


class Killed(BaseException):
    """Not an error that anybody may handle."""


class Mortal:
    """A cluster whose caller dies at the n-th write: before it is sent, or after it was carried out."""

    def __init__(self, cluster: HttpCluster, at: int, after: bool) -> None:
        self._cluster, self._at, self._after = cluster, at, after
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._cluster, name)
        return self._counted(call) if name in WRITES else call

    def _counted(self, call: Any) -> Any:
        def write(*args: Any, **named: Any) -> Any:
            if named.get("dry_run"):
                return call(*args, **named)
            self.writes += 1
            if self.writes != self._at:
                return call(*args, **named)
            if self._after:
                call(*args, **named)
            raise Killed

        return write


def targets(world: World, version: str) -> list[Rendered]:
    """Two waves; the second version drops one object and brings another."""
    changing = world.config_map(f"only-{version}", k=version)
    return [world.config_map("early", wave=-1, k=version), world.config_map("late", k=version), changing]


def live(world: World) -> dict[str, dict[str, str]]:
    found = world.cluster.list(CONFIG_MAPS, world.namespace, label_selector="reconciler.dev/app")
    return {item["metadata"]["name"]: item["data"] for item in found}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 12))
def test_a_kill_at_any_write_changes_nothing_about_the_end(world: World, at: int, after: bool) -> None:
    world.git.push("a", *targets(world, "one"))
    world.sync()
    world.git.push("b", *targets(world, "two"))
    mortal = Mortal(world.cluster, at, after)
    doomed = SyncController(
        [world.app],
        mortal,  # type: ignore[arg-type]
        world.namespace,
        world.git,
        world.git.render,
        SystemClock(),
        enqueue=lambda name: None,
        publish=lambda name, delivery: None,
    )
    try:
        doomed.reconcile("shop")
        finished = True
    except Killed:
        finished = False
    doomed.stop()
    assert finished == (mortal.writes < at)
    world.restart()
    found = world.until(lambda d: d.operation is not None and d.operation.phase is OperationPhase.APPLIED)
    assert found.superseded == ()
    world.until(lambda d: d.sync == "Synced")
    assert live(world) == {"early": {"k": "two"}, "late": {"k": "two"}, "only-two": {"k": "two"}}


def test_an_object_whose_creation_was_not_recorded_is_still_known_as_ours(world: World) -> None:
    """Killed between the create and the record of it, then the object leaves git: it must go."""
    world.git.push("a", world.config_map("kept", k="1"))
    world.sync()
    world.git.push("b", world.config_map("kept", k="1"), world.config_map("orphan", k="1"))
    mortal = Mortal(world.cluster, 3, after=True)  # observe, begin, then the create
    doomed = SyncController(
        [world.app],
        mortal,  # type: ignore[arg-type]
        world.namespace,
        world.git,
        world.git.render,
        SystemClock(),
        enqueue=lambda name: None,
        publish=lambda name, delivery: None,
    )
    with pytest.raises(Killed):
        doomed.reconcile("shop")
    doomed.stop()
    assert world.get("orphan") is not None
    world.restart()
    world.git.push("c", world.config_map("kept", k="2"))
    world.until(lambda d: d.sync == "Synced")
    assert world.get("orphan") is None
