"""`reconciler rollouts …` on the sandbox, with the engine running: what is asked for happens, and is shown."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from reconciler.cli.rollouts import app as rollouts
from reconciler.cli.rollouts.acting import Target, act, send
from reconciler.cli.rollouts.familiar import ALONE, ELSEWHERE, understood
from reconciler.cli.rollouts.reading import rollout_called
from reconciler.cli.rollouts.tree_view import Tree
from reconciler.cli.rollouts.view import Listing
from reconciler.cli.rollouts.watching import changes
from reconciler.cli.verbs import app as everything
from reconciler.errors import UserError
from reconciler.kube.api import Resource
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import DEPLOYMENTS, ROLLOUTS
from reconciler.rollouts.verbs import Action, Patch, promote
from reconciler.rollouts.views.nodes import Node
from reconciler.rollouts.views.overview import overview
from reconciler.sandbox.server import Sandbox
from tests.cluster.rollouts_engine import Shop

CRDS = Path(__file__).parents[3] / "manifests" / "crds"
STEPS = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as server:
        cluster = HttpCluster.for_url(server.url)
        definitions = cluster.find("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        for name in ("rollouts", "experiments", "analysisruns"):
            crd = yaml.safe_load((CRDS / f"{name}.yaml").read_text())
            cluster.apply(definitions, None, crd["metadata"]["name"], crd)
        yield server


@pytest.fixture
def shop(sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    namespace = f"s{abs(hash(request.node.name)) % 10**8}"
    cluster = HttpCluster.for_url(sandbox.url)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    cluster.create(cluster.find("v1", "Namespace"), None, body)
    found = Shop(sandbox.kubeconfig(tmp_path / "kubeconfig"), namespace)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def paused(shop: Shop) -> Shop:
    """Version 2 waits at the first pause."""
    shop.create(STEPS)
    shop.reaches("Healthy", available=4)
    assert "a new revision is rolled out" in shop.says("set", "image", "shop", "web=shop:2")
    shop.reaches("Paused", step=1)
    return shop


def test_get_shows_where_an_update_stands(paused: Shop) -> None:
    shown = paused.says("get", "shop")
    for expected in ("CanaryPauseStep", "1/4  pause", "shop:2 (canary)", "shop:1 (stable)", "revision:2", "ready:1/1"):
        assert expected in shown
    assert "somebody to promote it, for " in shown
    facts = paused.shown()
    assert facts["waits"]["what"] == "somebody to promote it"
    assert (facts["set_weight"], facts["actual_weight"]) == (25, 25)


def test_promote_goes_to_the_next_pause_and_full_to_the_end(paused: Shop) -> None:
    assert "promoted: step 3 of 4" in paused.says("promote", "shop")
    paused.reaches("Paused", step=3)
    assert "fully promoted" in paused.says("promote", "shop", "--full")
    paused.reaches("Healthy")
    assert "nothing to promote" in paused.says("promote", "shop")


def test_abort_makes_status_fail_and_retry_begins_again(paused: Shop) -> None:
    assert "retry shop" in paused.says("abort", "shop")
    failed = paused.run("status", "shop", "-t", "20s")
    assert (failed.exit_code, "Degraded - RolloutAborted" in failed.output) == (1, True)
    assert "first step" in paused.says("retry", "shop")
    paused.reaches("Paused", step=1)


def test_status_waits_no_longer_than_asked(paused: Shop) -> None:
    late = paused.run("status", "shop", "--timeout", "1s")
    assert (late.exit_code, "still Paused" in late.output) == (1, True)
    assert paused.says("status", "shop", "--no-watch") == "Paused - CanaryPauseStep (step 1/4, weight 25)\n"


def test_undo_brings_back_the_version_before_as_the_newest_revision(paused: Shop) -> None:
    paused.says("promote", "shop", "--full")
    paused.says("status", "shop", "-t", "30s")
    assert "goes back to revision 1" in paused.says("undo", "shop")
    paused.reaches("Paused", revision="3", step=1)
    template = paused.stored()["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "shop:1"
    assert template["metadata"]["labels"] == {"app": "shop"}
    assert [line.split()[0] for line in paused.says("history", "shop").splitlines()] == ["REVISION", "3", "2"]


@pytest.mark.parametrize(
    ("done", "advice"), [(False, "rollouts abort shop` holds whatever is synced"), (True, "revert the commit")]
)
def test_undo_says_what_lasts_where_git_has_the_last_word(paused: Shop, done: bool, advice: str) -> None:
    mark = {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "store:argoproj.io/Rollout:ns/shop"}}}
    paused.cluster.patch(ROLLOUTS, paused.namespace, "shop", mark)
    if done:
        paused.says("promote", "shop", "--full")
        paused.says("status", "shop", "-t", "30s")
    said = paused.says("undo", "shop")
    assert "Argo CD application store applies it from git" in said
    assert advice in said


def test_pause_and_resume_write_the_field_that_freezes(paused: Shop) -> None:
    paused.says("pause", "shop")
    paused.reaches("Paused", message="manually paused")
    paused.says("resume", "shop")
    assert paused.stored()["spec"]["paused"] is False


def test_restart_writes_when(shop: Shop) -> None:
    shop.create([])
    shop.reaches("Healthy")
    said = shop.says("restart", "shop", "--in", "1h")
    assert f"restarts at {shop.stored()['spec']['restartAt']}" in said


def test_a_blue_green_rollout_of_another_engine_is_listed_and_shown(shop: Shop) -> None:
    shop.engine.stop()
    shop.create([], blueGreen={"activeService": "live", "previewService": "next"})
    status = {"observedGeneration": "1", "phase": "Paused", "message": "BlueGreenPause", "currentPodHash": "b"}
    status["pauseConditions"] = [{"reason": "BlueGreenPause", "startTime": "2026-01-01T00:00:00Z"}]
    shop.cluster.patch(ROLLOUTS, shop.namespace, "shop", {"status": status}, subresource="status")
    [line] = shop.says("list").splitlines()[1:]
    assert line.split()[:7] == ["shop", "BlueGreen", "॥", "Paused", "-", "-", "0/0"]
    assert "BlueGreenPause" in shop.says("get", "shop")
    assert "the new version takes over" in shop.says("promote", "shop")
    assert "pauseConditions" not in shop.stored()["status"]


def test_list_names_each_rollout_and_prints_documents(paused: Shop) -> None:
    [line] = paused.says("list").splitlines()[1:]
    assert line.split() == ["shop", "Canary", "॥", "Paused", "1/4", "25", "4/4", "4", "1", "4"]
    for form, load in (("json", json.loads), ("yaml", yaml.safe_load)):
        [found] = load(paused.says("list", "-o", form))["rollouts"]
        assert (found["name"], found["step"]) == ("shop", 1)
        assert [image["name"] for image in found["images"]] == ["shop:2"]


def test_a_line_of_every_namespace_fits_on_a_terminal_of_80_columns(paused: Shop) -> None:
    found = overview(rollout_called(paused.cluster, paused.namespace, "shop"))
    out = Console(width=80, record=True, file=io.StringIO())
    out.print(Listing([found], namespaces=True))
    title, line = out.export_text().splitlines()
    assert line.split() == [paused.namespace, *["shop", "Canary", "॥", "Paused", "1/4", "25", "4/4", "4", "1", "4"]]
    assert "WEIGHT" in title


@pytest.mark.parametrize(("width", "titles"), [(80, "NAME STATUS AGE INFO"), (120, "NAME KIND STATUS AGE INFO")])
def test_a_name_in_the_tree_stays_whole_on_its_line_whatever_the_width(width: int, titles: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    pod = Node("Pod", "web-7d9fc85c8-2-2-candidate-24h79", "Running", at, info=("ready:1/1", "restarts:3"))
    run = Node("ReplicaSet", "web-7d9fc85c8-2-2-candidate", "Healthy", at, children=(pod,))
    experiment = Node("Experiment", "web-7d9fc85c8-2-2", "Successful", at, children=(run,))
    out = Console(width=width, record=True, file=io.StringIO())
    out.print(Tree(Node("Revision", "revision:2", "", at, children=(experiment,)), at))
    lines = out.export_text().splitlines()
    assert lines[0].split() == titles.split()
    assert pod.name in lines[4]
    assert "Running" in lines[4]


@pytest.mark.parametrize("verb", ["get", "promote", "undo", "status", "history"])
def test_a_name_that_does_not_exist_is_said_so(shop: Shop, verb: str) -> None:
    assert "there is no Rollout" in str(shop.run(verb, "nobody").exception)


def test_a_live_view_goes_on_for_as_long_as_asked_and_prints_each_change_once(paused: Shop) -> None:
    watched = paused.run("get", "shop", "-w", "--timeout-seconds", "3")
    assert watched.exit_code == 0
    assert "CanaryPauseStep" in watched.output
    assert watched.output.count("Name:") == 1  # nothing changes but ages


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("get rollout shop -w", "get shop -w"),
        ("list rollouts -A", "list -A"),
        ("retry rollout shop", "retry shop"),
        ("get rollout", "get rollout"),
        ("get experiment", "get experiment"),
        ("promote rollout", "promote rollout"),
        ("list", "list"),
        ("", ""),
    ],
)
def test_what_users_of_the_established_client_type_is_understood(typed: str, meant: str) -> None:
    assert understood(typed.split()) == meant.split()


@pytest.mark.parametrize(
    ("typed", "there"),
    [
        ("terminate analysisrun run-1", "reconciler analysis terminate"),
        ("retry experiment ab", "reconciler experiments retry"),
        ("list experiments", "reconciler experiments list"),
        ("create analysisrun --from errors", "reconciler analysis run"),
        ("lint -f rollout.yaml", "reconciler lint PATH"),
        ("get analysisrun run-1", "reconciler analysis get"),
        ("list ar", "reconciler analysis list"),
        ("create -f rollout.yaml", "kubectl apply -f FILE"),
        ("create rollout -f rollout.yaml", "kubectl apply -f FILE"),
        ("terminate", "reconciler experiments terminate EXPERIMENT"),
        ("notifications template get", "commit statuses"),
        ("dashboard", "the page that `reconciler run` serves"),
        ("completion bash", "--install-completion"),
        ("version", "reconciler --version"),
        ("rollback shop", "reconciler rollouts undo NAME"),
        ("scale shop --replicas 3", "kubectl scale rollout NAME"),
    ],
)
def test_what_is_another_verb_here_is_said(typed: str, there: str) -> None:
    with pytest.raises(UserError, match=there):
        understood(typed.split())


def test_every_verb_that_is_named_instead_exists() -> None:
    ours = [each.split() for each in (*ELSEWHERE.values(), *ALONE.values()) if each.startswith("reconciler ")]
    verbs = {tuple(word for word in words[1:3] if word.islower()) for words in ours}
    assert ("lint",) in verbs and ("rollouts", "undo") in verbs
    for words in verbs:
        assert CliRunner().invoke(everything, [*words, "--help"]).exit_code == 0


def test_no_verb_of_ours_is_said_to_be_elsewhere() -> None:
    assert set(ALONE).isdisjoint(registered.name for registered in rollouts.registered_commands)


def test_who_leaves_rollouts_out_is_told_to_put_it_in_and_a_typing_error_stays_one() -> None:
    told = CliRunner().invoke(everything, ["promote", "shop", "--full"])
    assert "here that is: reconciler rollouts promote shop --full" in str(told.exception)
    assert CliRunner().invoke(everything, ["promot", "shop"]).exit_code == 2
    assert CliRunner().invoke(everything, ["status", "--help"]).exit_code == 0, "our own verb of that name"


def test_the_help_of_rollouts_has_the_verbs_by_what_they_are_for() -> None:
    page = CliRunner().invoke(everything, ["rollouts", "--help"], env={"COLUMNS": "80"}).output
    places = [page.index(title) for title in ("─ Look", "─ Steer", "─ Before a release", "Exit codes")]
    assert places == sorted(places)
    assert page.index("─ Steer") < page.index("│ abort ") < page.index("─ Before")


def test_changes_of_rollouts_are_lines_with_their_time(paused: Shop) -> None:
    said: dict[tuple[str, str], str] = {}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    found = [overview(rollout_called(paused.cluster, paused.namespace, "shop"))]
    line = f"2026-01-01T00:00:00Z  {paused.namespace}/shop  Paused - CanaryPauseStep (step 1/4, weight 25)"
    assert list(changes(found, said, now)) == [line]
    assert list(changes(found, said, now)) == []
    assert list(changes([], said, now)) == [f"2026-01-01T00:00:00Z  {paused.namespace}/shop  is gone"]


@pytest.mark.parametrize(
    ("meanwhile", "index"),
    [({"currentStepIndex": 2}, 2), ({"availableReplicas": 3}, 3)],
    ids=["another promotion", "another change"],
)
def test_two_who_promote_at_once_skip_one_step(shop: Shop, meanwhile: dict[str, int], index: int) -> None:
    """Only the promotion that still means the step it was meant for is written."""
    shop.engine.stop()
    shop.create(STEPS)
    running = {"currentPodHash": "new", "stableRS": "old", "currentStepIndex": 2 if index == 3 else 1}
    _patch_status(shop, {**running, "observedGeneration": "1"})
    changes = [meanwhile]

    def decide() -> Action:
        action = promote(rollout_called(shop.cluster, shop.namespace, "shop"))
        if changes:
            _patch_status(shop, changes.pop())
        return action

    outcome = nullcontext() if index == 3 else pytest.raises(UserError, match="moved on")
    with outcome:
        act(shop.cluster, shop.namespace, "shop", decide)
    assert shop.stored()["status"]["currentStepIndex"] == index


def _patch_status(shop: Shop, status: dict[str, Any]) -> None:
    shop.cluster.patch(ROLLOUTS, shop.namespace, "shop", {"status": status}, subresource="status")


def test_the_template_of_a_referenced_workload_is_changed_where_it_stands(shop: Shop) -> None:
    shop.engine.stop()
    shop.create([])
    template = shop.stored()["spec"]["template"]
    spec = {"selector": {"matchLabels": {"app": "shop"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    shop.cluster.create(DEPLOYMENTS, shop.namespace, body)
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    patch = {"spec": {"template": None, "selector": None, "workloadRef": reference}}
    shop.cluster.patch(ROLLOUTS, shop.namespace, "shop", patch)
    shop.says("set", "image", "shop", "web=shop:2")
    changed = shop.cluster.get(DEPLOYMENTS, shop.namespace, "web")
    assert changed["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:2"
    assert "template" not in shop.stored()["spec"]


def test_a_kind_without_the_status_subresource_gets_its_status_in_the_object(shop: Shop) -> None:
    kind = Resource("example.dev", "v1", "Widget", "widgets")
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {"kind": kind.kind, "plural": kind.plural}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.dev"},
        "spec": {"group": kind.group, "scope": "Namespaced", "names": names, "versions": [version]},
    }
    definitions = shop.cluster.find("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    shop.cluster.apply(definitions, None, "widgets.example.dev", definition)
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "w"}}
    shop.cluster.create(kind, shop.namespace, body)
    action = Action("aborted", patches=(Patch({"status": {"abort": True}}, part="status"),))
    send(shop.cluster, Target(kind, shop.namespace, "w"), action)
    assert shop.cluster.get(kind, shop.namespace, "w")["status"] == {"abort": True}
