"""The first version of all is judged before it counts as stable, if that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.properties.rollout_world import Cluster, a_blue_green, a_cluster, template
from tests.unit.rollouts.test_analysis_coupling import runs
from tests.unit.rollouts.test_bake import sizes

ASKED = {"reconciler.dev/first-deploy-analysis": "templates: [{templateName: smoke}]"}
STRATEGIES: dict[str, Callable[..., Cluster]] = {
    "canary": a_cluster,
    "routed": lambda **world: a_cluster(traefik=True, steps=[{"setWeight": 50}, {"pause": {}}], **world),
    "blue-green": a_blue_green,
}


@pytest.fixture(params=STRATEGIES)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    made = STRATEGIES[request.param](annotations=ASKED)
    made.converge()
    return made


def stable(cluster: Cluster) -> bool:
    return bool(cluster.status.get("stableRS"))


def verdict(cluster: Cluster, phase: str, **told: Any) -> None:
    cluster.run_analyses(phase, **told)
    cluster.converge()


def test_it_is_judged_once_it_has_its_pods(cluster: Cluster) -> None:
    [name] = runs(cluster)
    assert name == f"shop-{cluster.status['currentPodHash']}-1-first"
    assert sizes(cluster) == {"img:1": 4}
    assert not stable(cluster)
    assert cluster.status["message"] == f"the first version is judged by {name}"


def test_a_good_verdict_makes_it_stable(cluster: Cluster) -> None:
    verdict(cluster, "Successful")
    assert stable(cluster)
    assert cluster.status["phase"] == "Healthy"


def test_a_bad_verdict_leaves_its_pods_and_is_told(cluster: Cluster) -> None:
    verdict(cluster, "Failed", message="no answer")
    cluster.wait(700)
    assert (cluster.status["phase"], cluster.status["abort"], stable(cluster)) == ("Degraded", True, False)
    assert "First-deploy analysis phase error/failed: no answer" in cluster.status["message"]
    assert sizes(cluster) == {"img:1": 4}


def test_a_retry_judges_it_again(cluster: Cluster) -> None:
    verdict(cluster, "Failed")
    cluster.user("retry", {"status": {"abort": False}})
    cluster.converge()
    assert sorted(name.rpartition("-")[2] for name in runs(cluster)) == ["first", "first.1"]
    verdict(cluster, "Successful")
    assert stable(cluster)


def test_another_version_is_a_first_one_again(cluster: Cluster) -> None:
    verdict(cluster, "Failed")
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.converge()
    assert any(name.endswith("-2-first") for name in runs(cluster))
    verdict(cluster, "Successful")
    cluster.wait(100)
    assert cluster.status["phase"] == "Healthy"
    assert sizes(cluster)["img:2"] == 4


def test_a_full_promotion_does_without(cluster: Cluster) -> None:
    cluster.user("promote --full", {"status": {"promoteFull": True}})
    cluster.converge()
    assert stable(cluster)
    assert all(body["spec"].get("terminate") for body in runs(cluster).values())


def test_updates_after_it_are_not_judged_by_it(cluster: Cluster) -> None:
    verdict(cluster, "Successful")
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.converge()
    assert [name for name in runs(cluster) if "-2" in name] == []


def test_without_the_annotation_nobody_judges_it() -> None:
    cluster = a_cluster()
    cluster.converge()
    assert stable(cluster)
    assert not runs(cluster)
