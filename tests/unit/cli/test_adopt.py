"""`reconciler adopt` on the sandbox, with the engine running: what it asks, says and does, wherever it is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.adopt import carrying, direction, surroundings
from reconciler.cli.adopt.reading import read
from reconciler.errors import UserError
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import DEPLOYMENTS, DISRUPTION_BUDGETS
from reconciler.rollouts.adopting.acts import Act, Change, Wait
from reconciler.rollouts.adopting.found import Found
from reconciler.rollouts.adopting.rehearsal import rehearse, sentence
from reconciler.sandbox.server import Sandbox
from reconciler.workloads import keys
from tests.cluster.adopting import Deployed, PodWatch
from tests.cluster.rollouts_engine import Shop

CRDS = Path(__file__).parents[3] / "manifests" / "crds"


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
    namespace = f"a{abs(hash(request.node.name)) % 10**8}"
    cluster = HttpCluster.for_url(sandbox.url)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    cluster.create(cluster.find("v1", "Namespace"), None, body)
    found = Shop(sandbox.kubeconfig(tmp_path / "kubeconfig"), namespace)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def deployed(shop: Shop) -> Deployed:
    found = Deployed(shop.cluster, shop.kubeconfig, shop.namespace)
    found.deploy()
    return found


@pytest.fixture
def pods(deployed: Deployed) -> Iterator[PodWatch]:
    watch = PodWatch(deployed.cluster, deployed.namespace)
    watch.start()
    yield watch
    watch.stop()


class Killed(Exception):
    """What `kill -9` is to a test."""


def until_killed(deployed: Deployed, chosen: direction.Direction, writes: int) -> bool:
    """Carries out so many writes, then dies. False when it was done before."""
    left = writes

    def next_act(found: Found) -> Act | None:
        nonlocal left
        act = chosen.next_act(found)
        if act is not None and not isinstance(act, Wait):
            if left == 0:
                raise Killed
            left -= 1
        return act

    look = lambda: read(deployed.cluster, deployed.namespace, "shop")  # noqa: E731 - looked at again and again
    try:
        carrying.carry(deployed.cluster, deployed.namespace, look, next_act, lambda _: None)
    except Killed:
        return True
    return False


@pytest.mark.parametrize("writes", range(5))
def test_killed_anywhere_the_same_command_goes_on(deployed: Deployed, pods: PodWatch, writes: int) -> None:
    found = read(deployed.cluster, deployed.namespace, "shop")
    chosen = direction.taking(found, steps="20,pause")
    if until_killed(deployed, chosen, writes):
        deployed.adopt("--steps", "20,pause")
    assert deployed.exist() == (False, True)
    assert deployed.rollout()["spec"]["strategy"]["canary"]["steps"] == [{"setWeight": 20}, {"pause": {}}]
    assert (len(pods.seen), pods.fewest, pods.most) == (4, 4, 4)


@pytest.mark.parametrize("writes", range(7))
def test_killed_anywhere_on_the_way_back_the_same_command_goes_on(
    deployed: Deployed, pods: PodWatch, writes: int
) -> None:
    deployed.adopt()
    found = read(deployed.cluster, deployed.namespace, "shop")
    if until_killed(deployed, direction.giving(found, without_engine=False), writes):
        deployed.revert()
    deployed.complete(4)
    assert deployed.exist() == (True, False)
    assert keys.GIVEN_BACK not in deployed.deployment()["metadata"].get("annotations", {})
    assert (len(pods.seen), pods.fewest, pods.most) == (4, 4, 4)


def done(deployed: Deployed, chosen: direction.Direction) -> list[str]:
    """Carries it out; the writes in their order, as sentences."""
    written: list[str] = []

    def next_act(found: Found) -> Act | None:
        act = chosen.next_act(found)
        if act is not None and not isinstance(act, Wait) and sentence(act) not in written:
            written.append(sentence(act))
        return act

    look = lambda: read(deployed.cluster, deployed.namespace, "shop")  # noqa: E731 - looked at again and again
    carrying.carry(deployed.cluster, deployed.namespace, look, next_act, lambda _: None)
    return written


def foretold(deployed: Deployed, chosen: direction.Direction) -> list[str]:
    found = read(deployed.cluster, deployed.namespace, "shop")
    return [sentence(act) for act in rehearse(found, chosen.next_act) if not isinstance(act, Wait)]


@pytest.mark.parametrize("workload_ref", [False, True])
def test_what_is_foretold_is_what_is_done_there_and_back(deployed: Deployed, workload_ref: bool) -> None:
    """With history, an autoscaler and a Service of the Rollout's own."""
    deployed.deploy("shop:2")
    deployed.scale_automatically()
    look = lambda: read(deployed.cluster, deployed.namespace, "shop")  # noqa: E731 - looked at again and again
    there = direction.taking(look(), steps="20,pause", workload_ref=workload_ref)
    expected = foretold(deployed, there)
    assert [line.split(":")[0] for line in expected][:2] == ["create Rollout shop", "change Deployment shop"]
    assert sum("change ReplicaSet shop-" in line for line in expected) == 2
    assert any("HorizontalPodAutoscaler" in line for line in expected)
    assert done(deployed, there) == expected
    back = direction.giving(look(), without_engine=False)
    expected = foretold(deployed, back)
    assert done(deployed, back) == expected


def test_a_dry_run_lists_every_act_with_the_names_and_does_none(deployed: Deployed) -> None:
    told = deployed.run("deployment/shop", "--dry-run").output
    [rs] = read(deployed.cluster, deployed.namespace, "shop").of_deployment
    for expected in (
        "1. create Rollout shop: ",
        "2. waiting for the engine to see it, at most 20s",
        "3. change Deployment shop: ",
        f"change ReplicaSet {rs.name}: ",
        "delete Deployment shop: ",
    ):
        assert expected in told
    assert deployed.exist() == (True, False)


def test_a_dry_run_after_the_end_says_that_nothing_is_left(deployed: Deployed) -> None:
    deployed.run("deployment/shop", "--workload-ref", "--yes")
    told = deployed.run("deployment/shop", "--workload-ref", "--dry-run").output
    assert "Nothing is left to do." in told and "one after the other" not in told


def test_nothing_is_touched_where_no_engine_runs(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, shop: Shop
) -> None:
    shop.engine.stop()
    monkeypatch.setattr("reconciler.rollouts.adopting.taking._SOON", carrying.timedelta(seconds=1))
    before = deployed.deployment()
    failed = deployed.run("deployment/shop", "--yes")
    assert "no engine answers" in str(failed.exception)
    assert (deployed.exist(), deployed.deployment()["spec"]) == ((True, False), before["spec"])


def test_what_only_the_engine_can_see_to_be_wrong_leaves_everything_as_it_was(
    deployed: Deployed, tmp_path: Path
) -> None:
    before = deployed.deployment()["spec"]
    chosen = deployed.strategy(tmp_path, canaryService="nobody")
    failed = deployed.run("deployment/shop", "--yes", "--strategy", chosen)
    assert 'service "nobody" not found' in str(failed.exception)
    assert (deployed.exist(), deployed.deployment()["spec"]) == ((True, False), before)


def test_who_undoes_an_act_again_and_again_is_told_of(deployed: Deployed) -> None:
    """As a sync does that was not paused."""
    resume = Change("the pause is undone", DEPLOYMENTS, "shop", {"spec": {"paused": False}})

    def next_act(found: Found) -> Act:
        paused = (found.deployment or {})["spec"].get("paused")
        return resume if paused else Change("it is paused", DEPLOYMENTS, "shop", {"spec": {"paused": True}})

    look = lambda: read(deployed.cluster, deployed.namespace, "shop")  # noqa: E731 - looked at again and again
    with pytest.raises(UserError, match="undone again and again"):
        carrying.carry(deployed.cluster, deployed.namespace, look, next_act, lambda _: None)


def test_an_autoscaler_that_moves_meanwhile_is_heeded(deployed: Deployed) -> None:
    """The Rollout begins with the pods that are there when it gets them, not with those that were planned."""
    found = read(deployed.cluster, deployed.namespace, "shop")
    chosen = direction.taking(found)
    until_killed(deployed, chosen, 1)  # the Rollout is made
    deployed.cluster.patch(DEPLOYMENTS, deployed.namespace, "shop", {"spec": {"replicas": 6}})
    deployed.complete(6)
    deployed.adopt()
    assert deployed.rollout()["spec"]["replicas"] == 6


def test_what_is_printed_for_git_is_what_a_person_would_write(deployed: Deployed) -> None:
    done = deployed.run("deployment/shop", "--steps", "20,5m,pause", "--dry-run", "-o", "yaml")
    found = yaml.safe_load(done.stdout)
    assert found == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "shop", "namespace": deployed.namespace},
        "spec": {
            "replicas": 4,
            "selector": {"matchLabels": {"app": "shop"}},
            "strategy": {
                "canary": {
                    "maxSurge": "25%",
                    "maxUnavailable": "25%",
                    "steps": [{"setWeight": 20}, {"pause": {"duration": "5m"}}, {"pause": {}}],
                }
            },
            "template": {
                "metadata": {"labels": {"app": "shop"}},
                "spec": {"containers": [{"name": "web", "image": "shop:1"}]},
            },
        },
    }
    assert deployed.exist() == (True, False)


def test_the_rollout_is_for_the_engine_that_is_named(deployed: Deployed) -> None:
    done = deployed.run("deployment/shop", "--instance-id", "blue", "--dry-run", "-o", "yaml")
    labels = yaml.safe_load(done.stdout)["metadata"]["labels"]
    assert labels == {"argo-rollouts.argoproj.io/controller-instance-id": "blue"}


def test_who_applies_it_from_git_and_who_scales_it_is_said_before_anything_is_asked(deployed: Deployed) -> None:
    deployed.deploy(annotations={"argocd.argoproj.io/tracking-id": "store:apps/Deployment:ns/shop"})
    deployed.scale_automatically()
    refused = deployed.run("deployment/shop")
    assert refused.exit_code == 1  # no answer is a no
    for expected in (
        "Argo CD application store applies this Deployment",
        "HorizontalPodAutoscaler shop",
        "kind: Rollout",
    ):
        assert expected in refused.stderr
    assert "replicas:" not in refused.stderr  # the HPA's business
    assert deployed.exist() == (True, False)


def test_an_autoscaler_that_another_object_keeps_is_left_to_that() -> None:
    """As KEDA's ScaledObject does."""
    owner = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "shop", "uid": "k", "controller": True}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}
    scaler = {"metadata": {"name": "shop", "ownerReferences": [owner]}, "spec": {"scaleTargetRef": target}}
    found = Found("shop", scalers=(scaler,))
    [said] = surroundings.scaler_notes(found, "Deployment", "Rollout")
    assert "ScaledObject/shop scales it: set its scaleTargetRef to the Rollout yourself" in said
    assert found.scaling("Deployment") == []


def test_disruption_budgets_are_said_to_go_on(deployed: Deployed) -> None:
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "shop"}}}
    body = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "shop"}, "spec": spec}
    deployed.cluster.create(DISRUPTION_BUDGETS, deployed.namespace, body)
    assert "PodDisruptionBudget shop guards the same pods" in deployed.run("deployment/shop", "--dry-run").stderr


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("deployment/nobody",), 'there is no Deployment "nobody" in namespace "NS"'),
        (("--revert", "rollout/nobody"), 'there is no Rollout "nobody" in namespace "NS"'),
        (("rollout/shop",), "the way back is --revert"),
        (("deployment/shop", "--dry-run"), "with -o yaml it prints what belongs in git"),
        (("deployment/shop", "--workload-ref", "--dry-run"), "the Deployment stays, without pods of its own"),
    ],
)
def test_what_to_type_instead_is_said(deployed: Deployed, typed: tuple[str, ...], said: str) -> None:
    done = deployed.run(*typed)
    assert said.replace("NS", deployed.namespace) in f"{done.stderr}{done.exception}"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"paused": True}, "is paused"),
    ({"strategy": {"type": "Recreate", "rollingUpdate": None}}, "Recreate"),
    ({"template": {"spec": {"containers": [{"name": "web", "image": "shop:2"}]}}, "paused": True}, "is not done"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_cannot_be_taken_over_is_said_with_what_to_do(
    deployed: Deployed, change: dict[str, Any], message: str
) -> None:
    deployed.cluster.patch(DEPLOYMENTS, deployed.namespace, "shop", {"spec": change})
    assert message in str(deployed.run("deployment/shop", "--yes").exception)
    assert deployed.exist() == (True, False)


def test_a_strategy_that_makes_no_sense_is_refused_before_anything_is_changed(
    deployed: Deployed, tmp_path: Path
) -> None:
    chosen = deployed.strategy(tmp_path, steps=[{"setWeight": 300}], maxSurge=-1)
    with pytest.raises(UserError) as refused:
        raise deployed.run("deployment/shop", "--yes", "--strategy", chosen).exception or AssertionError
    assert len(refused.value.problems) == 2
    assert deployed.exist() == (True, False)


def test_a_rollout_in_the_middle_of_an_update_is_not_given_back(deployed: Deployed, shop: Shop) -> None:
    deployed.adopt("--steps", "50,pause")
    shop.says("set", "image", "shop", "web=shop:2")
    shop.reaches("Paused", step=1)
    assert "in the middle of an update" in str(deployed.run("--revert", "rollout/shop", "--yes").exception)


def test_without_an_engine_it_is_given_back_only_when_that_is_said(deployed: Deployed, shop: Shop) -> None:
    deployed.adopt()
    shop.engine.stop()
    deployed.revert("--without-engine")
    deployed.complete(4)
    assert deployed.exist() == (True, False)


def test_a_deployment_that_is_a_rollout_already_is_said_to_be(deployed: Deployed) -> None:
    deployed.adopt()
    assert "is a Rollout already" in str(deployed.run("deployment/shop", "--yes").exception)
