"""A new version's pods stay away from the nodes of stable ones, and nothing else notices."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from reconciler.rollouts import identity
from reconciler.rollouts.verbs.template import undo
from reconciler.workloads import keys
from reconciler.workloads.replica_set import decode_replica_set
from tests.properties.rollout_world import Cluster, Json, a_blue_green, template
from tests.unit.rollouts.test_requests_of_users import an_update, push
from tests.unit.rollouts.test_traffic_safety import hash_of, replica_set

PREFERRED = {"preferredDuringSchedulingIgnoredDuringExecution": {"weight": 7}}
REQUIRED: Json = {"requiredDuringSchedulingIgnoredDuringExecution": {}}
STEPS = [{"setWeight": 25}, {"pause": {}}]


def anti(cluster: Cluster, image: str) -> Any:
    affinity = replica_set(cluster, image)["spec"]["template"]["spec"].get("affinity") or {}
    return affinity.get("podAntiAffinity")


def against(cluster: Cluster, image: str) -> Json:
    expression = {"key": keys.HASH, "operator": "In", "values": [hash_of(cluster, image)]}
    selector = {"matchExpressions": [expression]}
    return {"labelSelector": selector, "namespaces": ["ns"], "topologyKey": "kubernetes.io/hostname"}


@pytest.mark.parametrize("chosen", [PREFERRED, REQUIRED], ids=["preferred", "required"])
def test_a_new_version_is_kept_off_the_nodes_of_the_stable_one_and_the_first_is_not(chosen: Json) -> None:
    cluster = an_update(STEPS, canary={"antiAffinity": chosen})
    term = against(cluster, "img:1")
    entry = {"weight": 7, "podAffinityTerm": term} if chosen is PREFERRED else term
    assert anti(cluster, "img:1") is None
    assert anti(cluster, "img:2") == {next(iter(chosen)): [entry]}


def test_a_preview_is_kept_off_the_nodes_of_the_version_that_serves() -> None:
    cluster = a_blue_green(blue_green={"antiAffinity": REQUIRED, "autoPromotionEnabled": False})
    cluster.converge()
    push(cluster, 2)
    assert anti(cluster, "img:2") == {next(iter(REQUIRED)): [against(cluster, "img:1")]}


def test_terms_of_the_user_stay_beside_it() -> None:
    own = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "noisy"}}}
    cluster = an_update(STEPS, canary={"antiAffinity": REQUIRED})
    pod = template("img:3")
    pod["spec"]["affinity"] = {
        "podAntiAffinity": {next(iter(REQUIRED)): [own]},
        "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []},
    }
    cluster.user("image 3", {"spec": {"template": pod}})
    cluster.converge()
    assert anti(cluster, "img:3") == {next(iter(REQUIRED)): [own, against(cluster, "img:1")]}
    rs = decode_replica_set(orjson.dumps(replica_set(cluster, "img:3")))
    assert identity.plain_template(rs)["spec"]["affinity"] == pod["spec"]["affinity"]


def test_it_follows_a_stable_version_that_changed() -> None:
    """Version 3 is taken up again after version 2 has become stable."""
    cluster = an_update(STEPS, canary={"antiAffinity": PREFERRED})
    push(cluster, 3)
    assert anti(cluster, "img:3")[next(iter(PREFERRED))][0]["podAffinityTerm"] == against(cluster, "img:1")
    push(cluster, 2)
    cluster.user("full", {"status": {"promoteFull": True}})
    cluster.converge()
    push(cluster, 3)
    assert anti(cluster, "img:3")[next(iter(PREFERRED))] == [
        {"weight": 7, "podAffinityTerm": against(cluster, "img:2")}
    ]


def test_a_version_taken_over_under_another_hash_is_recognised_by_what_it_runs() -> None:
    cluster = an_update(STEPS, canary={"antiAffinity": PREFERRED})
    rs = replica_set(cluster, "img:2")
    rs["metadata"]["labels"][keys.HASH] = "of-another-engine"
    cluster.put("ReplicaSet", rs)
    new = cluster.world().new
    assert new and new.hash == "of-another-engine"


def test_undo_writes_the_template_without_it() -> None:
    cluster = an_update(STEPS, canary={"antiAffinity": PREFERRED})
    push(cluster, 3)
    images = ("img:1", "img:2", "img:3")
    sets = [decode_replica_set(orjson.dumps(replica_set(cluster, image))) for image in images]
    (patch,) = undo(cluster.rollout, sets, 2).patches
    assert patch.body[0]["value"]["spec"] == template("img:2")["spec"]  # type: ignore[index]
