"""One object that cannot be healed or deleted costs the others nothing, nor the commit its verdict."""

from __future__ import annotations

from typing import Any

import pytest
from sync_builders import Rendered, application, deployment, target
from sync_world import SHA, World

from reconciler.apps.delivery import Health
from reconciler.apps.record import RecordStore
from reconciler.errors import Refused
from reconciler.kube.objects import CONFIG_MAPS, DEPLOYMENTS


def recreate_with_another_selector(world: World, name: str) -> None:
    world.cluster.delete(DEPLOYMENTS, world.namespace, name)
    world.until(lambda d: world.get(name, DEPLOYMENTS) is None)
    other = world.here(deployment("other")).object
    other["metadata"]["name"] = name
    world.cluster.create(DEPLOYMENTS, world.namespace, other)


def test_an_object_that_no_apply_can_put_back_is_told_and_others_are_healed(world: World) -> None:
    world.app = application(self_heal=False)
    world.restart()
    world.git.push("a", world.here(deployment("web")), world.config_map("one", k="1"))
    world.until(lambda d: d.health is Health.HEALTHY)
    recreate_with_another_selector(world, "web")
    world.cluster.patch(CONFIG_MAPS, world.namespace, "one", {"data": {"k": "edited"}})
    world.app = application()
    world.restart()
    world.until(lambda d: (world.get("one") or {})["data"]["k"] == "1")
    found = world.sync()
    assert found.sync == "OutOfSync"
    assert "immutable" in str(found.warnings[-1])
    wake_at = world.controller.reconcile("shop")
    assert wake_at is not None, "another try may find it mended"


def test_a_refused_deletion_is_told_tried_again_and_holds_no_verdict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_more: Any) -> None:
        raise Refused("delete ConfigMap: forbidden")

    keep = [world.config_map(f"keep-{n}", k="1") for n in range(3)]
    world.git.push("a", world.config_map("old", k="1"), world.config_map("older", k="1"), *keep)
    world.sync()
    with monkeypatch.context() as patched:
        patched.setattr(world.cluster, "delete", refuse)
        world.git.push("b", *keep)
        found = world.until(lambda d: d.applied_sha == SHA["b"] and len(d.warnings) == 2)
        assert "forbidden" in str(found.warnings[0])
        record = RecordStore(world.cluster, world.namespace).load("shop").record
        assert (record.last_good, record.verdict) == (SHA["b"], Health.HEALTHY)
        assert world.controller.reconcile("shop") is not None
    world.until(lambda d: d.sync == "Synced")
    assert world.get("old") is None


def test_what_may_have_moved_to_an_application_that_fails_is_not_deleted(world: World) -> None:
    moved, keep = world.config_map("moved", k="1"), world.config_map("keep", k="1")
    world.others = (world.second("billing"),)
    world.restart()
    world.git.split = {"shop": [moved, keep], "billing": []}
    world.git.push("a")
    world.sync()
    world.controller.reconcile("billing")
    world.git.split = {"shop": [keep], "billing": [moved, unreadable(world)]}
    world.git.push("b")
    for _ in range(3):
        world.controller.reconcile("billing")
        found = world.sync()
    assert world.get("moved") is not None
    assert "billing" in str(found.warnings)


def unreadable(world: World) -> Rendered:
    """A target with which the whole Application fails before anything is applied."""
    bad = world.config_map("bad", k="1")
    bad.object["metadata"]["annotations"] = {"argocd.argoproj.io/sync-wave": "soon"}
    return bad


def test_a_field_that_is_not_ours_any_more_is_taken_back_before_anybody_changes_it(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"))
    world.sync()
    world.cluster.patch(CONFIG_MAPS, world.namespace, "one", {"metadata": {"managedFields": [{}]}})
    world.until(lambda d: "reconciler" in managers(world) and d.sync == "Synced")
    world.cluster.patch(CONFIG_MAPS, world.namespace, "one", {"data": {"k": "edited"}})
    world.until(lambda d: (world.get("one") or {})["data"]["k"] == "1")


def managers(world: World) -> list[str]:
    live = world.get("one")
    assert live is not None
    return [entry["manager"] for entry in live["metadata"].get("managedFields") or []]


@pytest.mark.parametrize("broken", ["", "bad indent"], ids=["refused by the server", "not rendered"])
def test_after_a_commit_that_failed_the_last_good_state_is_kept_up(world: World, broken: str) -> None:
    world.git.push("a", world.config_map("one", k="1"), world.config_map("two", k="1"))
    world.sync()
    bad = world.here(target("ConfigMap", "aaa", data={"k": {"not": "text"}}))
    world.git.push("b", bad, world.config_map("one", k="1"), world.config_map("two", k="2"), broken=broken)
    world.sync()
    world.cluster.delete(CONFIG_MAPS, world.namespace, "one")
    world.cluster.delete(CONFIG_MAPS, world.namespace, "two")
    world.until(lambda d: world.get("one") is not None and world.get("two") is not None)
    assert (world.get("two") or {})["data"] == {"k": "1"}
