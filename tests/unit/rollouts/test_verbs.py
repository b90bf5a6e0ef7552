"""Verbs are the patches that every client of the family sends (spec rollouts §4.10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from reconciler.errors import UserError
from reconciler.rollouts import verbs
from reconciler.rollouts.model import Rollout, decode_rollout
from reconciler.rollouts.verbs import template as template_verbs
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set

Json = dict[str, Any]
STEPS = [{"setWeight": 20}, {"analysis": {"templates": [{"templateName": "errors"}]}}, {"pause": {}}]
PAUSED = {"pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}]}


def a_rollout(status: Json | None = None, *, strategy: Json | None = None, **spec: Any) -> Rollout:
    """One in the middle of an update, unless `status` says otherwise."""
    running = {"observedGeneration": "3", "currentPodHash": "new", "stableRS": "old", "currentStepIndex": 1}
    body = {
        "metadata": {"name": "shop", "namespace": "ns", "generation": 3, "resourceVersion": "7"},
        "spec": {"strategy": strategy or {"canary": {"steps": STEPS}}, **spec},
        "status": running | (status or {}),
    }
    return decode_rollout(orjson.dumps(body))


def sent(action: verbs.Action) -> list[tuple[str, Any]]:
    return [(patch.part, patch.body) for patch in action.patches]


INCONCLUSIVE = {
    **PAUSED,
    "controllerPause": True,
    "canary": {"currentStepAnalysisRunStatus": {"name": "run", "status": "Inconclusive"}},
}
PROMOTED = {"stableRS": "new"}


@pytest.mark.parametrize(
    ("rollout", "patches"),
    [
        pytest.param(a_rollout(PAUSED), [("status", {"status": {"pauseConditions": None}})], id="ends a pause"),
        pytest.param(
            a_rollout(),
            [("status", {"status": {"pauseConditions": None, "currentStepIndex": 2}})],
            id="skips a running step",
        ),
        pytest.param(
            a_rollout({"currentStepIndex": 3}),
            [("status", {"status": {"pauseConditions": None, "currentStepIndex": 3}})],
            id="never beyond the last step",
        ),
        pytest.param(
            a_rollout(INCONCLUSIVE),
            [("status", {"status": {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 2}})],
            id="an inconclusive analysis is passed over",
        ),
        pytest.param(
            a_rollout(PAUSED, paused=True),
            [("spec", {"spec": {"paused": False}}), ("status", {"status": {"pauseConditions": None}})],
            id="first what the user paused",
        ),
        pytest.param(
            a_rollout(PAUSED, strategy={"blueGreen": {"activeService": "a"}}),
            [("status", {"status": {"pauseConditions": None}})],
            id="blue-green",
        ),
        pytest.param(a_rollout(strategy={"blueGreen": {"activeService": "a"}}), [], id="blue-green has no steps"),
        pytest.param(a_rollout(PROMOTED), [], id="nothing under way"),
        pytest.param(
            a_rollout(PROMOTED | {"observedGeneration": "2"}),
            [("status", {"status": {"pauseConditions": None, "currentStepIndex": 2}})],
            id="an update that the engine has not seen yet counts",
        ),
    ],
)
def test_promote_asks_for(rollout: Rollout, patches: list[tuple[str, Any]]) -> None:
    assert sent(verbs.promote(rollout)) == patches


def test_only_patches_that_count_steps_hold_for_the_version_that_was_read() -> None:
    assert [patch.at_version for patch in verbs.promote(a_rollout()).patches] == ["7"]
    assert [patch.at_version for patch in verbs.promote(a_rollout(PAUSED)).patches] == [""]


@pytest.mark.parametrize("verb", [verbs.promote, verbs.promote_full])
def test_an_invalid_rollout_is_not_promoted_until_it_is_mended(verb: Callable[[Rollout], verbs.Action]) -> None:
    refused = {"conditions": [{"type": "InvalidSpec", "status": "True", "message": 'The Rollout "shop" is invalid: x'}]}
    with pytest.raises(UserError, match=r"cannot be promoted: The Rollout \"shop\" is invalid: x.*correct it"):
        verb(a_rollout(refused))
    assert verb(a_rollout(refused | {"observedGeneration": "0"})).patches


def test_promoting_an_aborted_update_says_what_helps() -> None:
    with pytest.raises(UserError, match=r"aborted.*rollouts retry shop.*promote shop --full"):
        verbs.promote(a_rollout({"abort": True}))


WHEN = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("action", "patches"),
    [
        (verbs.promote_full(a_rollout()), [("status", {"status": {"promoteFull": True}})]),
        (verbs.promote_full(a_rollout(PROMOTED)), []),
        (verbs.promote_full(a_rollout(PROMOTED, paused=True)), [("spec", {"spec": {"paused": False}})]),
        (verbs.abort(a_rollout()), [("status", {"status": {"abort": True}})]),
        (verbs.abort(a_rollout(PROMOTED)), []),
        (verbs.retry(a_rollout({"abort": True})), [("status", {"status": {"abort": False}})]),
        (verbs.retry(a_rollout()), []),
        (verbs.pause(a_rollout()), [("spec", {"spec": {"paused": True}})]),
        (verbs.resume(a_rollout(paused=True)), [("spec", {"spec": {"paused": False}})]),
        (verbs.restart(a_rollout(), WHEN), [("spec", {"spec": {"restartAt": "2026-01-01T12:00:00Z"}})]),
    ],
    ids=lambda value: value.told if isinstance(value, verbs.Action) else "",
)
def test_other_verbs_ask_for(action: verbs.Action, patches: list[tuple[str, Any]]) -> None:
    assert sent(action) == patches


def test_resume_does_not_end_the_pause_of_a_step() -> None:
    with pytest.raises(UserError, match=r"CanaryPauseStep.*promote"):
        verbs.resume(a_rollout(PAUSED))


AFFINITY = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"labelSelector": {"matchExpressions": [{"key": keys.HASH, "operator": "In", "values": ["x"]}]}}
        ]
    },
    "nodeAffinity": {"kept": True},
}


def a_replica_set(revision: int, image: str, *, aborted: bool = False) -> ReplicaSet:
    template = {
        "metadata": {"labels": {"app": "shop", "role": "canary", keys.HASH: "h"}},
        "spec": {"containers": [{"name": "web", "image": image}], "affinity": AFFINITY},
    }
    annotations = {keys.REVISION: str(revision), keys.EPHEMERAL: '{"labels":{"role":"canary"}}'}
    annotations |= {keys.ABORTED_AT: "2026-01-01T00:00:00Z"} if aborted else {}
    metadata = {"name": f"shop-{revision}", "annotations": annotations, "labels": {keys.HASH: f"h{revision}"}}
    body = {"metadata": metadata, "spec": {"template": template}}
    return decode_replica_set(orjson.dumps(body))


HISTORY = [a_replica_set(1, "web:1"), a_replica_set(3, "web:3"), a_replica_set(2, "web:2")]
HOLDER = {"kind": "Rollout", "metadata": {"name": "shop"}}


@pytest.mark.parametrize(("revision", "image"), [(None, "web:2"), (1, "web:1")], ids=["the one before", "a chosen one"])
def test_undo_puts_back_a_template_as_it_was_written(revision: int | None, image: str) -> None:
    [patch] = template_verbs.undo(HOLDER, HISTORY, revision).patches
    template = {
        "metadata": {"labels": {"app": "shop"}},
        "spec": {"containers": [{"name": "web", "image": image}], "affinity": {"nodeAffinity": {"kept": True}}},
    }
    assert (patch.kind, patch.body) == ("json", [{"op": "replace", "path": "/spec/template", "value": template}])


def undone(*revisions: ReplicaSet, stable: str) -> str:
    return template_verbs.undo(HOLDER, revisions, stable_hash=stable).told


def test_undo_while_an_update_is_on_its_way_or_was_given_up_goes_to_what_is_stable() -> None:
    one, two, three = a_replica_set(1, "web:1"), a_replica_set(2, "web:2", aborted=True), a_replica_set(3, "web:3")
    assert undone(one, two, three, stable="h1") == "goes back to revision 1"


def test_undo_says_whether_steps_follow() -> None:
    assert "at once, without steps" in template_verbs.undo(HOLDER, HISTORY, 1, stable_hash="h1").next_
    assert "with its steps" in template_verbs.undo(HOLDER, HISTORY, 1, stable_hash="h2").next_


def test_undo_passes_over_revisions_that_were_given_up() -> None:
    one, two, three = a_replica_set(1, "web:1"), a_replica_set(2, "web:2", aborted=True), a_replica_set(3, "web:3")
    assert undone(one, two, three, stable="h3") == "goes back to revision 1"
    with pytest.raises(UserError, match=r"was aborted.*--to-revision"):
        undone(two, three, stable="h3")


def test_undo_of_a_workload_changes_its_template() -> None:
    [patch] = template_verbs.undo({"kind": "PodTemplate"}, HISTORY).patches
    assert patch.body[0]["path"] == "/template"


def test_undo_names_the_revisions_that_are_kept() -> None:
    with pytest.raises(UserError, match=r"no revision 9.*1, 2, 3"):
        template_verbs.undo(HOLDER, HISTORY, 9)
    with pytest.raises(UserError, match=r"no earlier revision"):
        template_verbs.undo(HOLDER, HISTORY[:1])


POD = {"containers": [{"name": "web", "image": "web:1"}, {"name": "side"}], "initContainers": [{"name": "web"}]}


def test_set_image_changes_every_container_of_that_name_and_tests_that_it_is_the_one() -> None:
    holder = {**HOLDER, "spec": {"template": {"spec": POD}}}
    [patch] = template_verbs.set_image(holder, {"web": "web:2"}).patches
    at = "/spec/template/spec"
    assert patch.body == [
        {"op": "test", "path": f"{at}/containers/0/name", "value": "web"},
        {"op": "add", "path": f"{at}/containers/0/image", "value": "web:2"},
        {"op": "test", "path": f"{at}/initContainers/0/name", "value": "web"},
        {"op": "add", "path": f"{at}/initContainers/0/image", "value": "web:2"},
    ]


def test_set_image_knows_all_containers_and_refuses_unknown_ones() -> None:
    holder = {**HOLDER, "spec": {"template": {"spec": POD}}}
    [patch] = template_verbs.set_image(holder, {"*": "web:1"}).patches
    assert [op["path"] for op in patch.body if op["op"] == "add"] == [
        "/spec/template/spec/containers/1/image",
        "/spec/template/spec/initContainers/0/image",
    ]
    with pytest.raises(UserError, match=r"no container is called db.*side, web"):
        template_verbs.set_image(holder, {"db": "x"})


@pytest.mark.parametrize(
    ("skip", "index"),
    [
        pytest.param(verbs.skip_current_step, 2, id="the current one"),
        pytest.param(verbs.skip_all_steps, 3, id="all"),
    ],
)
def test_steps_are_skipped_as_the_established_client_does(skip: Callable[[Rollout], verbs.Action], index: int) -> None:
    [patch] = skip(a_rollout()).patches
    assert (patch.part, patch.body, patch.at_version) == ("status", {"status": {"currentStepIndex": index}}, "7")
    with pytest.raises(UserError, match="no steps to skip"):
        skip(a_rollout(strategy={"blueGreen": {"activeService": "shop"}}))
