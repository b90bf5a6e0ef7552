"""What left git and comes back is declared again: waited for, judged, and never pruned."""

from __future__ import annotations

import pytest
from sync_builders import application, target
from sync_world import SHA, World

from reconciler.apps.delivery import OperationPhase


def test_a_revert_of_a_removal_counts_the_object_as_declared_again(world: World) -> None:
    world.app = application(prune=False)
    world.restart()
    base, web = world.config_map("base", -1, k="1"), world.config_map("web", k="1")
    world.git.push("a", base, web)
    world.sync()
    world.git.push("b", web)
    assert "base left git" in str(world.sync().warnings)
    world.git.push("c", base, world.config_map("web", k="2"))
    found = world.until(lambda d: d.applied_sha == SHA["c"])
    assert (found.sync, found.warnings) == ("Synced", ())
    assert [item.name for item in found.objects] == ["base", "web"]


@pytest.mark.parametrize("broken", ["", "bad indent"], ids=["at another object", "at the render"])
def test_nothing_is_pruned_while_the_newest_commit_fails(world: World, broken: str) -> None:
    """Its pruning was held back; then comes a revert that declares it again and fails."""
    moved, keep = world.config_map("moved", k="1"), world.config_map("keep", k="1")
    world.others = (world.second("billing"),)
    world.restart()
    world.git.split = {"shop": [moved, keep], "billing": []}
    world.git.push("a")
    world.sync()
    world.git.split = {"shop": [keep], "billing": []}
    world.git.push("b")
    world.sync()
    bad = world.here(target("ConfigMap", "bad", data={"k": {"not": "text"}}))
    world.git.split = {"shop": [moved, keep, bad], "billing": []}
    world.git.push("c", broken=broken)
    for _ in range(3):
        found = world.sync()
        world.controller.reconcile("billing")
    assert found.operation is not None
    assert found.operation.phase is OperationPhase.FAILED
    assert world.get("moved") is not None
