"""The reconcile of Applications against the sandbox API server, through the real door; git is a table of commits."""

from __future__ import annotations

from dataclasses import replace

from sync_builders import application, config_map, deployment, target
from sync_world import SHA, World

from reconciler.apps.delivery import Delivery, Health, OperationPhase
from reconciler.apps.record import APPROVE_PRUNE, RecordStore, record_name
from reconciler.config.model import Application, Destination, IgnoreDifference, SyncPolicy
from reconciler.kube.objects import CONFIG_MAPS, DEPLOYMENTS
from reconciler.sandbox.server import Sandbox
from reconciler.sync.fights import HEALS


def test_a_push_is_applied_tracked_and_judged(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"), world.here(deployment("web")))
    found = world.sync()
    assert found.operation is not None
    assert (found.operation.phase, found.operation.created, found.operation.total) == (OperationPhase.APPLIED, 2, 2)
    live = world.get("one")
    assert live is not None
    assert live["metadata"]["labels"]["reconciler.dev/app"] == "shop"
    healthy = world.until(lambda d: d.health is Health.HEALTHY)
    assert healthy.sync == "Synced"
    assert healthy.workloads[0].images == ("web:1",)
    assert RecordStore(world.cluster, world.namespace).load("shop").record.last_good == SHA["a"]


def test_only_the_changed_object_is_written(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"), world.config_map("two", k="1"))
    world.sync()
    before = world.get("two")
    world.git.push("b", world.config_map("one", k="2"), world.config_map("two", k="1"))
    found = world.sync()
    assert found.operation is not None
    assert (found.operation.updated, found.operation.created) == (1, 0)
    assert world.get("two") == before


def test_a_commit_that_reads_nothing_of_ours_is_no_change_and_needs_no_render(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"))
    world.sync()
    renders = world.git.renders
    world.git.push("b", world.config_map("one", k="1"), paths=frozenset({"README.md"}))
    found = world.sync()
    assert found.operation is not None
    assert (found.operation.sha, found.operation.phase) == (SHA["b"], OperationPhase.NO_CHANGE)
    assert found.applied_sha == SHA["a"]
    assert world.git.renders == renders


def test_a_broken_commit_fails_with_its_problems_and_touches_nothing(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"), world.config_map("two", k="1"))
    world.sync()
    world.git.push("b", broken="deploy/app.yaml:3: bad indent")
    found = world.sync()
    assert found.operation is not None
    assert found.operation.phase is OperationPhase.FAILED
    assert "bad indent" in found.operation.problems[0].what
    assert world.get("two") is not None
    assert found.sync == "OutOfSync"


def test_what_left_git_is_pruned_and_nothing_else(world: World) -> None:
    keep = [world.config_map(f"keep-{n}", k="1") for n in range(3)]
    world.git.push("a", world.config_map("old", k="1"), *keep)
    world.sync()
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "foreign"}}
    world.cluster.create(CONFIG_MAPS, world.namespace, foreign)
    world.git.push("b", *keep)
    world.sync()
    assert world.get("old") is None
    assert world.get("foreign") is not None
    assert world.get("keep-0") is not None


def test_an_object_that_was_made_anew_by_somebody_is_not_pruned(world: World) -> None:
    world.git.push("a", world.config_map("old", k="1"), world.config_map("keep", k="1"))
    world.sync()
    world.cluster.delete(CONFIG_MAPS, world.namespace, "old")
    world.cluster.create(
        CONFIG_MAPS, world.namespace, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}}
    )
    world.git.push("b", world.config_map("keep", k="1"))
    found = world.sync()
    assert world.get("old") is not None
    assert "stays" in found.warnings[0].what


def test_emptying_the_directory_is_held_until_somebody_approves(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"))
    world.sync()
    sha = world.git.push("b")
    assert "approval" in world.sync().blocked
    assert world.get("one") is not None
    patch = {"metadata": {"annotations": {APPROVE_PRUNE: sha}}}
    world.cluster.patch(CONFIG_MAPS, world.namespace, record_name("shop"), patch)
    assert world.sync().blocked == ""
    assert world.get("one") is None


def test_an_edit_of_our_field_is_healed_and_one_of_another_field_is_not(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"))
    world.sync()
    world.cluster.patch(CONFIG_MAPS, world.namespace, "one", {"data": {"k": "edited", "other": "theirs"}})
    world.until(lambda d: (world.get("one") or {})["data"]["k"] == "1")
    live = world.get("one")
    assert live is not None
    assert live["data"] == {"k": "1", "other": "theirs"}
    assert world.until(lambda d: d.sync == "Synced").drifted == 0


def test_without_self_heal_drift_is_shown_and_stays(sandbox: Sandbox, world: World) -> None:
    world.app = application(self_heal=False)
    world.restart()
    world.git.push("a", world.config_map("one", k="1"))
    world.sync()
    world.cluster.patch(CONFIG_MAPS, world.namespace, "one", {"data": {"k": "edited"}})
    found = world.until(lambda d: d.drifted == 1)
    assert found.sync == "OutOfSync"
    assert "data.k" in found.warnings[-1].what
    live = world.get("one")
    assert live is not None
    assert live["data"]["k"] == "edited"


def test_a_deleted_object_comes_back(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"))
    world.sync()
    world.cluster.delete(CONFIG_MAPS, world.namespace, "one")
    world.until(lambda d: world.get("one") is not None)


def test_a_removed_label_comes_back(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"))
    world.sync()
    world.cluster.patch(CONFIG_MAPS, world.namespace, "one", {"metadata": {"labels": {"reconciler.dev/app": None}}})
    world.until(lambda d: "reconciler.dev/app" in ((world.get("one") or {})["metadata"].get("labels") or {}))


def test_a_newer_commit_supersedes_the_one_that_waits(world: World) -> None:
    slow = world.here(deployment("web", "does-not-exist:1"))
    slow.object["metadata"]["annotations"] = {"argocd.argoproj.io/sync-wave": "-1"}
    world.git.push("a", slow, world.config_map("late", k="1"))
    waiting = world.sync()
    assert waiting.operation is not None
    assert waiting.operation.phase is OperationPhase.APPLYING
    assert "web" in waiting.operation.message
    world.git.push("b", world.config_map("late", k="2"))
    found = world.sync()
    assert found.operation is not None
    assert (found.operation.sha, found.operation.phase) == (SHA["b"], OperationPhase.APPLIED)
    assert [(old.sha, old.superseded_by) for old in found.superseded] == [(SHA["a"], SHA["b"])]
    live = world.get("late")
    assert live is not None
    assert live["data"] == {"k": "2"}


def test_rewritten_history_is_held(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"))
    world.git.push("b", world.config_map("one", k="2"))
    world.sync()
    world.git.push("c", world.config_map("one", k="3"), parent=SHA["a"])
    found = world.sync()
    assert "history was rewritten" in found.blocked
    live = world.get("one")
    assert live is not None
    assert live["data"] == {"k": "2"}


def test_every_unappliable_object_is_told_and_nothing_is_applied(world: World) -> None:
    bad = [world.here(target("ConfigMap", f"bad-{n}", data={"k": {"not": "text"}})) for n in range(2)]
    world.git.push("a", *bad, world.config_map("good", k="1"))
    found = world.sync()
    assert found.operation is not None
    assert found.operation.phase is OperationPhase.FAILED
    assert len(found.operation.problems) == 2
    assert world.get("good") is None


def test_a_restart_finds_everything_as_it_was_and_writes_nothing(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"), world.here(deployment("web")))
    world.until(lambda d: d.health is Health.HEALTHY)
    before = world.get(record_name("shop"))
    world.restart()
    renders = world.git.renders
    found = world.sync()
    assert found.sync == "Synced"
    assert world.get(record_name("shop")) == before
    assert world.git.renders == renders


def test_an_autoscaled_workload_keeps_its_replicas(world: World) -> None:
    scaler = world.here(
        target(
            "HorizontalPodAutoscaler",
            "web",
            "autoscaling/v2",
            spec={
                "minReplicas": 1,
                "maxReplicas": 9,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            },
        )
    )
    world.git.push("a", scaler, world.here(deployment("web", "web:1", replicas=2)))
    world.sync()
    world.cluster.patch(DEPLOYMENTS, world.namespace, "web", {"spec": {"replicas": 5}}, field_manager="hpa")
    world.git.push("b", scaler, world.here(deployment("web", "web:2", replicas=2)))
    world.sync()
    live = world.get("web", DEPLOYMENTS)
    assert live is not None
    assert live["spec"]["replicas"] == 5
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "web:2"


def test_dropping_a_field_that_only_we_own_does_not_reset_it(world: World) -> None:
    world.git.push("a", world.here(deployment("web", "web:1", replicas=4)))
    world.sync()
    world.app = application(
        ignore_differences=(IgnoreDifference("apps", "Deployment", json_pointers=("/spec/replicas",)),)
    )
    world.restart()
    world.git.push("b", world.here(deployment("web", "web:2", replicas=2)))
    world.sync()
    live = world.get("web", DEPLOYMENTS)
    assert live is not None
    assert live["spec"]["replicas"] == 4


def test_without_an_automated_policy_nothing_is_written(world: World) -> None:
    world.app = Application("shop", world.app.source, world.app.destination, SyncPolicy(None))
    world.restart()
    world.git.push("a", world.config_map("one", k="1"))
    assert "automated is off" in world.sync().blocked
    assert world.get("one") is None


def test_two_applications_cannot_declare_one_object(world: World) -> None:
    second = Application("billing", world.app.source, world.app.destination, world.app.sync_policy)
    world.others = (second,)
    world.restart()
    world.git.push("a", world.config_map("one", k="1"))
    world.sync()
    told: list[Delivery] = []
    world.controller._publish = lambda name, delivery: told.append(delivery)
    world.controller.reconcile("billing")
    assert told[-1].operation is not None
    assert told[-1].operation.phase is OperationPhase.FAILED
    assert "already belongs to Application shop" in told[-1].operation.problems[0].what


def test_history_rewritten_in_the_middle_of_an_operation_lets_it_finish(world: World) -> None:
    slow = world.here(deployment("web"))
    slow.object["metadata"]["annotations"] = {"argocd.argoproj.io/sync-wave": "-1"}
    world.git.push("a", slow, world.config_map("late", k="1"))
    world.git.push("b", slow, world.config_map("late", k="2"))
    world.sync()
    world.git.push("c", slow, world.config_map("late", k="3"), parent=SHA["a"])
    found = world.until(lambda d: d.applied_sha == SHA["b"])
    assert "history was rewritten" in found.blocked
    live = world.get("late")
    assert live is not None
    assert live["data"] == {"k": "2"}


def test_a_restart_with_other_settings_keeps_the_verdict_of_the_commit_open(world: World) -> None:
    """Nothing differs, yet the commit is still on its way: it must not be told as "no change"."""
    world.git.push("a", world.here(deployment("web", "does-not-exist:1")))
    world.sync()
    world.app = application(self_heal=False)
    world.restart()
    found = world.sync()
    assert found.operation is not None
    assert (found.operation.phase, found.health) == (OperationPhase.APPLIED, Health.PROGRESSING)


def test_what_left_git_stays_while_old_pods_may_still_need_it(world: World) -> None:
    kept = [world.config_map(f"keep-{n}", k="1") for n in range(4)]
    world.git.push("a", world.here(deployment("web", "web:1")), world.config_map("old", k="1"), *kept)
    world.until(lambda d: d.health is Health.HEALTHY)
    world.git.push("b", world.here(deployment("web", "does-not-exist:1")), *kept)
    world.sync()
    world.sync()
    assert world.get("old") is not None
    world.git.push("c", world.here(deployment("web", "web:2")), *kept)
    world.until(lambda d: d.health is Health.HEALTHY and d.sync == "Synced")
    assert world.get("old") is None


def test_a_rival_that_changes_it_back_each_time_is_left_alone_and_named_as_drift(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"))
    world.sync()
    for n in range(HEALS + 1):
        world.cluster.patch(CONFIG_MAPS, world.namespace, "one", {"data": {"k": f"rival-{n}"}}, field_manager="rival")
        world.until(lambda d: (world.get("one") or {})["data"]["k"] == "1")
    world.cluster.patch(CONFIG_MAPS, world.namespace, "one", {"data": {"k": "rival"}}, field_manager="rival")
    found = world.until(lambda d: d.drifted == 1)
    world.sync()
    live = world.get("one")
    assert live is not None
    assert live["data"] == {"k": "rival"}
    assert "healing is paused" in found.warnings[-1].fix


def test_a_field_of_another_manager_that_is_ignored_is_left_to_it(world: World) -> None:
    rule = IgnoreDifference("", "ConfigMap", managed_fields_managers=("tuner",))
    world.app = application(ignore_differences=(rule,))
    world.restart()
    world.git.push("a", world.config_map("one", tuned="1", plain="1"))
    world.sync()
    world.cluster.patch(CONFIG_MAPS, world.namespace, "one", {"data": {"tuned": "7"}}, field_manager="tuner")
    world.git.push("b", world.config_map("one", tuned="2", plain="2"))
    world.until(lambda d: d.sync == "Synced" and d.applied_sha == SHA["b"])
    live = world.get("one")
    assert live is not None
    assert live["data"] == {"tuned": "7", "plain": "2"}


def test_a_missing_namespace_is_made_when_asked_for(world: World) -> None:
    name = f"{world.namespace}-new"
    base = application(options=["CreateNamespace=true"])
    world.app = replace(base, destination=Destination(name))
    world.restart()
    item = config_map("one", k="1")
    item.object["metadata"]["namespace"] = name
    world.git.push("a", item)
    found = world.sync()
    assert found.applied_sha == SHA["a"]
    assert world.cluster.get(CONFIG_MAPS, name, "one")["data"] == {"k": "1"}


def test_a_namespace_that_is_not_there_is_told_with_what_to_do(world: World) -> None:
    item = config_map("one", k="1")
    item.object["metadata"]["namespace"] = f"{world.namespace}-absent"
    world.git.push("a", item)
    found = world.sync()
    assert found.operation is not None
    assert "CreateNamespace=true" in found.operation.problems[0].fix
    assert f"{world.namespace}-absent" in found.operation.problems[0].what


def test_a_warning_about_a_commit_survives_a_restart(world: World) -> None:
    hook = world.here(target("Job", "migrate", "batch/v1", annotations={"argocd.argoproj.io/hook": "PreSync"}))
    world.git.push("a", hook, world.config_map("one", k="1"))
    world.sync()
    world.restart()
    assert "hooks are not run yet" in world.sync().warnings[0].what
