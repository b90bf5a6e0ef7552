"""The pages of a Rollout and of an Experiment: where it stands, why it waits, what can be done, and all its objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from reconciler.outcomes.board import Board
from reconciler.rollouts.views.family import Family
from reconciler.rollouts.views.nodes import tone
from reconciler.web import release
from reconciler.web.ports import Looked
from tests.browser import releases
from tests.browser.releases import NOW, a_rollout, an_experiment, experiment_looked_at, looked_at
from tests.browser.story import ERROR_RATE, run
from tests.unit.outcomes.deliveries import canary, in_motion
from tests.unit.web.serving import Page, running

RUN = run("cart-new-2", "Background", "Running", ERROR_RATE)
CART = looked_at(RUN)


def page(path: str = "/rollouts/shop/cart", rollout: Looked[Any] | None = CART, **ports: Any) -> Page:
    known = {("shop", "cart"): rollout}
    trial = {("shop", "cart-ab"): experiment_looked_at(RUN)}
    ports = {"rollout": lambda *key: known.get(key), "experiment": lambda *key: trial.get(key), **ports}
    with running(now=lambda: NOW, **ports) as site:
        return site.get(path)


def test_the_page_says_what_is_waited_for_and_for_how_long():
    text = page().text
    assert "Waits for <b>the pause to end</b>" in text and ">in 8m<" in text
    assert '<li class="now" aria-current="step"><span class="number">2</span> pause: 10m</li>' in text


def test_the_page_shows_every_object_and_leads_to_runs_and_experiments():
    text = page().text
    assert 'href="/runs/shop/cart-new-2"' in text and 'href="/experiments/shop/cart-ab"' in text
    assert "CrashLoopBackOff" in text and "restarts:4" in text and "cart-old-2" in text
    assert "exceeded quota: pods=4" in text and "3 times" in text
    assert "Rollout is paused" in text
    assert 'id="plot-cart-new-2-error-rate"' in text


def commands(text: str) -> list[str]:
    return [part.split('"', 1)[0] for part in text.split('data-copy="')[1:]]


ALWAYS = ["reconciler rollouts restart cart -n shop", "reconciler rollouts get cart --watch -n shop"]

MOVING = ["promote cart", "promote cart --full", "abort cart"]


@pytest.mark.parametrize(
    ("status", "spec", "verbs"),
    [
        pytest.param({}, {}, [*MOVING, "pause cart"], id="waits"),
        pytest.param({"abort": True, "phase": "Degraded"}, {}, ["promote cart --full", "retry cart"], id="aborted"),
        pytest.param({}, {"paused": True}, [*MOVING, "resume cart"], id="frozen"),
        pytest.param({"stableRS": "", "currentStepIndex": 4}, {}, [*MOVING[:2], "pause cart"], id="first version"),
        pytest.param({"stableRS": "new", "pauseConditions": None, "phase": "Healthy"}, {}, [], id="delivered"),
    ],
)
def test_only_commands_that_would_act_are_offered(status: dict[str, Any], spec: dict[str, Any], verbs: list[str]):
    family = replace(CART.family, rollout=a_rollout(status, **spec))
    offered = [f"reconciler rollouts {verb} -n shop" for verb in verbs]
    undo = ["reconciler rollouts undo cart -n shop"]
    assert commands(page(rollout=Looked(family)).text) == [*offered, *undo, *ALWAYS]


def test_a_refused_rollout_says_what_is_wrong_with_it():
    wrong = {"type": "InvalidSpec", "status": "True", "message": "see there"}
    status = {"phase": "Degraded", "message": "InvalidSpec: maxSurge is no number", "conditions": [wrong]}
    text = page(rollout=Looked(replace(CART.family, rollout=a_rollout(status)))).text
    assert "somebody to correct what the message names" in text and "InvalidSpec: maxSurge is no number" in text
    offered = ["undo cart", "get cart --watch"]
    assert commands(text) == [f"reconciler rollouts {verb} -n shop" for verb in offered], (
        "the engine heeds nothing else"
    )
    assert ">CanaryPauseStep<" not in page().text, "the pause is told in words already"


def test_what_could_not_be_read_is_said_and_the_rest_is_shown():
    found = page(rollout=replace(CART, trouble="pods cannot be listed: forbidden"))
    assert found.status == 200 and "pods cannot be listed: forbidden" in found.text and "cart-old" in found.text


def test_a_rollout_that_is_not_known_is_not_found():
    for path in ("/rollouts/shop/none", "/experiments/shop/none"):
        assert page(path).status == 404
        assert page(f"/api/v1{path}").json()["error"].endswith('"none" in namespace "shop"')


def test_the_page_of_an_application_leads_to_that_of_its_rollout_and_back():
    board = Board()
    board.publish(in_motion(canary(name="cart")))
    with running(board, rollout=lambda *key: CART, now=lambda: NOW) as site:
        assert 'href="/rollouts/shop/cart"' in site.get("/applications/shop").text
        back = site.get("/rollouts/shop/cart").text
    assert 'href="/applications/shop"' in back and 'data-application="shop"' in back


def test_without_applications_the_list_leads_to_rollouts_and_shows_experiments_with_the_time_they_have_left():
    listed = [canary(name="cart")]
    text = page("/", rollouts=lambda: listed, experiments=lambda: [an_experiment()]).text
    assert 'href="/rollouts/shop/cart"' in text
    assert 'href="/experiments/shop/cart-ab"' in text and "in 7m" in text
    over = page("/", rollouts=lambda: listed, experiments=lambda: [an_experiment("Successful")]).text
    assert "cart-ab" not in over, "what a Rollout's step had is on the Rollout's page"


def test_an_experiment_has_a_page_with_templates_objects_runs_and_what_can_be_done():
    text = page("/experiments/shop/cart-ab").text
    for expected in ("baseline", "1 of 1", "waits for its pod", "cart-side-0", "in 7m", 'href="/rollouts/shop/cart"'):
        assert expected in text
    assert 'id="plot-cart-new-2-error-rate"' in text
    assert commands(text)[0] == "reconciler experiments terminate cart-ab -n shop"


def test_the_api_gives_what_the_page_shows():
    found = page("/api/v1/rollouts/shop/cart").json()
    assert found["rollout"]["waits"]["what"] == "the pause to end"
    assert found["revisions"][0]["name"] == "revision:2" and found["events"][0]["reason"] == "FailedCreate"
    experiment = page("/api/v1/experiments/shop/cart-ab").json()["experiment"]
    assert (experiment["duration"], experiment["status"]["phase"]) == ("10m", "Running")


@pytest.mark.parametrize("path", ["/experiments/shop/cart-ab", "/api/v1/experiments/shop/cart-ab"])
def test_what_pod_templates_say_in_clear_is_not_shown_to_everybody(path: str):
    pods = {"spec": {"containers": [{"name": "side", "env": [{"name": "PASSWORD", "value": "hunter2"}]}]}}
    looked = experiment_looked_at(RUN)
    templates = tuple(msgspec.structs.replace(each, template=pods) for each in looked.family.experiment.spec.templates)
    spec = msgspec.structs.replace(looked.family.experiment.spec, templates=templates)
    experiment = msgspec.structs.replace(looked.family.experiment, spec=spec)
    told = replace(looked, family=replace(looked.family, experiment=experiment))
    answer = page(path, experiment=lambda *key: told)
    assert answer.status == 200 and "hunter2" not in answer.text


@pytest.mark.parametrize("began", ["2026-01-01T00:00:00", "soon", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("path", ["/", "/experiments/shop/cart-ab", "/rollouts/shop/cart"])
def test_an_experiment_that_began_at_no_time_is_shown_all_the_same(path: str, began: str):
    looked = experiment_looked_at(RUN)
    status = msgspec.structs.replace(looked.family.experiment.status, available_at=began)
    experiment = msgspec.structs.replace(looked.family.experiment, status=status)
    told = replace(looked, family=replace(looked.family, experiment=experiment))
    with_it = replace(CART, family=replace(CART.family, experiments=(experiment,)))
    ports = {"rollouts": list, "experiments": lambda: [experiment], "experiment": lambda *key: told}
    assert page(path, with_it, **ports).status == 200


def test_a_container_that_has_done_its_work_is_no_failure():
    family = replace(CART.family, pods=(releases.a_pod("p", "cart-old", "Completed"),))
    shown = release.of_rollout(Looked(family), NOW)
    assert [tone(pod.status) for shelf in shown.revisions for rs in shelf.nodes for pod in rs.children] == ["good"]


def test_names_are_never_markup():
    evil = "<script>alert(1)</script>"
    family = replace(CART.family, pods=(releases.a_pod("p", "cart-new", evil),))
    assert evil not in page(rollout=Looked(family)).text


def test_a_run_leads_back_to_what_it_judges():
    by_hand = page("/runs/shop/cart-new-2", run=lambda *key: RUN).text
    assert "/experiments/" not in by_hand and "/rollouts/" not in by_hand
    meta = experiment_looked_at(RUN).family.runs[0].metadata
    owner = msgspec.structs.replace(meta.owner_references[0], kind="Experiment", name="cart-ab")
    judged = msgspec.structs.replace(RUN, metadata=msgspec.structs.replace(meta, owner_references=(owner,)))
    assert 'href="/experiments/shop/cart-ab"' in page("/runs/shop/cart-new-2", run=lambda *key: judged).text


@pytest.mark.parametrize(("waits", "open_"), [("", False), ("CrashLoopBackOff", True)])
def test_a_revision_with_a_pod_in_trouble_is_open_and_the_pod_comes_first(waits: str, open_: bool):
    sets = [releases.a_replica_set(name, number, 2, 2) for number, name in enumerate(("a", "b", "c"), start=1)]
    pods = (releases.a_pod("first", "cart-a"), releases.a_pod("second", "cart-a", waits))
    found = release.of_rollout(Looked(Family(a_rollout(), tuple(sets), pods)), NOW)
    assert [shelf.open for shelf in found.revisions] == [True, False, open_]
    names = [pod.name for pod in found.revisions[2].nodes[0].children]
    assert names == (["second", "first"] if open_ else ["first", "second"])
