"""A plan is what the engine would do: same decisions, a clock of its own."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.errors import UserError
from reconciler.rollouts.canary.sizes import split
from reconciler.rollouts.model import decode_rollout
from reconciler.rollouts.planning.figures import percent
from reconciler.rollouts.planning.measuring import Measuring
from reconciler.rollouts.planning.plan import Failure, Plan, plan
from reconciler.rollouts.planning.warnings import warnings

Json = dict[str, Any]
MINUTE = timedelta(minutes=1)
ERRORS = {"templates": [{"templateName": "errors"}]}
TRAEFIK = {
    "canaryService": "new",
    "stableService": "old",
    "trafficRouting": {"traefik": {"weightedTraefikServiceName": "shop"}},
}


def a_rollout(*steps: Json, replicas: int = 4, **canary: Any) -> Json:
    labels = {"app": "shop"}
    spec: Json = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "shop:2"}]}},
        "strategy": {"canary": {"steps": list(steps), **canary}},
    }
    return {"metadata": {"name": "shop", "namespace": "ns"}, "spec": spec}


def measures(analysis: Json, kind: str) -> Measuring:
    return Measuring(f"{kind} errors", None if kind == "Background" else 10 * MINUTE)


def planned(rollout: Json, **given: Any) -> Plan:
    return plan(rollout, measures, **given)


def pods(found: Plan) -> list[tuple[int, int]]:
    return [(row.canary, row.stable) for row in found.rows]


def warned(rollout: Json) -> str:
    return "\n".join(warnings(decode_rollout(orjson.dumps(rollout)), planned(rollout)))


@pytest.mark.parametrize("replicas", [1, 2, 3, 5, 10])
def test_steps_have_the_pods_that_the_engine_rounds_to(replicas: int) -> None:
    weights = [5, 20, 33, 50, 90]
    found = planned(a_rollout(*({"setWeight": weight} for weight in weights), replicas=replicas))
    surge = -(-replicas * 25 // 100)
    assert pods(found) == [*(split(replicas, weight, 100, surge) for weight in weights), (replicas, 0)]


def test_a_router_gives_the_weight_and_keeps_the_stable_pods() -> None:
    found = planned(a_rollout({"setWeight": 10}, {"setWeight": 50}, **TRAEFIK))
    assert [(row.weight, row.share, row.canary, row.stable) for row in found.rows] == [
        (10, 10, 1, 4),
        (50, 50, 2, 4),
        (100, 100, 4, 4),
    ]
    assert found.lingers == timedelta(seconds=30)


def test_time_is_that_of_pauses_analyses_and_pods() -> None:
    steps = ({"setWeight": 25}, {"pause": {"duration": "2m"}}, {"analysis": ERRORS}, {"pause": {}})
    found = planned(a_rollout(*steps, analysis=ERRORS), starting=timedelta(seconds=20))
    assert [row.took for row in found.rows[:4]] == [timedelta(seconds=20), 2 * MINUTE, 10 * MINUTE, None]
    assert (found.outcome, found.waits, found.rows[2].analyses) == (
        "Healthy",
        True,
        ("Background errors", "Step errors"),
    )


def test_pods_stay_within_surge_and_availability_on_the_way() -> None:
    found = planned(a_rollout({"setWeight": 50}, maxSurge=1, maxUnavailable=0), starting=timedelta(seconds=5))
    assert {row.most for row in found.rows} == {5}
    assert min(row.fewest for row in found.rows) == 4


def test_a_plan_leaves_the_rollout_as_it_was() -> None:
    rollout = a_rollout({"setWeight": 50}, **TRAEFIK)
    before = copy.deepcopy(rollout)
    planned(rollout)
    assert rollout == before


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        (a_rollout({"setWeight": 10}, {"setWeight": 20}), "step 2 (setWeight: 20) changes nothing: 1/4 pods, as in"),
        (a_rollout({"setWeight": 10}), "asks for 10% and gets 20% (1 of 5 pods): use trafficRouting, or 10 replicas"),
        (a_rollout({"setWeight": 50}, {"pause": {}}), "step 2 waits until a person runs `reconciler rollouts promote"),
        (a_rollout({"setWeight": 50}, {"setWeight": 25}), "step 2 (setWeight: 25) gives back traffic"),
        (a_rollout({"pause": {"duration": 5}}), "step 1 (pause: 5) comes before the new version gets any traffic"),
        (a_rollout({"setWeight": 50}), "no analysis judges the new version"),
        (a_rollout(), "there are no steps"),
        (a_rollout({"setWeight": 50}, analysis={**ERRORS, "startingStep": 1}), "background analysis never runs"),
        (a_rollout({"setWeight": 50}, replicas=1, maxSurge=0), "for a while no pod is available"),
    ],
    ids=["same pods", "far off", "endless pause", "backwards", "too early", "unjudged", "no steps", "never", "outage"],
)
def test_a_plan_warns_of(rollout: Json, expected: str) -> None:
    assert expected in warned(rollout)


def test_a_good_plan_has_no_warnings() -> None:
    steps = ({"setWeight": 20}, {"pause": {"duration": "1m"}}, {"analysis": ERRORS}, {"setWeight": 60})
    assert warned(a_rollout(*steps, **TRAEFIK)) == ""


SLOW = ({"setWeight": 25}, {"pause": {"duration": "5m"}}, {"analysis": ERRORS}, {"setWeight": 50})


@pytest.mark.parametrize(
    ("failure", "ending", "rows", "stable", "lasts"),
    [
        (Failure(never_ready=True), "stuck", 1, 3, timedelta(seconds=603)),  # the last sign of life was held for 2 s
        (Failure(analysis_fails_after=7 * MINUTE), "back to stable", 3, 4, 7 * MINUTE),
        (Failure(abort_at=3), "back to stable", 3, 4, 5 * MINUTE),
        (Failure(abort_at=1), "back to stable", 1, 4, timedelta()),
    ],
    ids=["never ready", "analysis fails", "aborted later", "aborted at once"],
)
def test_a_simulated_failure_ends(failure: Failure, ending: str, rows: int, stable: int, lasts: timedelta) -> None:
    found = planned(a_rollout(*SLOW), failure=failure)
    assert (found.outcome, found.rows[-1].text, len(found.rows), found.lasts) == ("Degraded", ending, rows, lasts)
    assert found.rows[-1].stable == stable


def test_what_the_engine_refuses_is_said_with_all_problems() -> None:
    with pytest.raises(UserError) as refused:
        planned(a_rollout({"setWeight": 200}, {"pause": {"duration": "soon"}}))
    assert len(refused.value.problems) == 2


_STEP = st.one_of(
    st.builds(lambda weight: {"setWeight": weight}, st.integers(0, 100)),
    st.builds(lambda seconds: {"pause": {"duration": seconds}}, st.integers(0, 100)),
    st.sampled_from([{"pause": {}}, {"analysis": ERRORS}]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_STEP, max_size=5), st.integers(1, 12), st.integers(0, 3), st.integers(0, 3), st.booleans())
def test_every_update_without_failures_ends_healthy_within_its_limits(
    steps: list[Json], replicas: int, surge: int, unavailable: int, routed: bool
) -> None:
    assume(surge or unavailable)
    limits = {"maxSurge": surge, "maxUnavailable": unavailable}
    found = planned(a_rollout(*steps, replicas=replicas, **limits, **(TRAEFIK if routed else {})))
    assert (found.outcome, len(found.rows), found.rows[-1].canary) == ("Healthy", len(steps) + 1, replicas)
    if not routed:
        assert max(row.most for row in found.rows) <= replicas + surge
        assert min(row.fewest for row in found.rows) >= replicas - max(unavailable, 0 if surge else 1)


BY_HAND = {"autoPromotionEnabled": False}
JUDGED = {"prePromotionAnalysis": ERRORS, "postPromotionAnalysis": ERRORS}


def test_a_blue_green_plan_shows_the_pause_that_a_person_ends_although_nothing_comes_after_it() -> None:
    rows = planned(a_blue_green(**BY_HAND)).rows
    assert [(row.text, row.share, row.took) for row in rows][1] == ("pause", 0, None)
    assert [row.text for row in rows] == ["preview", "pause", "promoted"]


def a_blue_green(**blue_green: Any) -> Json:
    made = a_rollout(replicas=3)
    made["spec"]["strategy"] = {"blueGreen": {"activeService": "shop", **blue_green}}
    return made


def test_a_blue_green_plan_has_the_stages_that_an_update_goes_through_and_both_versions_pods() -> None:
    found = planned(a_blue_green(**BY_HAND, **JUDGED, previewReplicaCount=1), starting=MINUTE)
    assert [(row.text, row.weight, row.canary, row.stable, row.took) for row in found.rows] == [
        ("preview", 0, 1, 3, MINUTE),
        ("pre-promotion analysis", 0, 1, 3, 10 * MINUTE),
        ("pause", 0, 1, 3, None),
        ("cutover", 100, 3, 3, MINUTE),
        ("promoted", 100, 3, 3, 10 * MINUTE),
    ]
    assert (found.outcome, found.lingers) == ("Healthy", timedelta(seconds=30))


def test_a_failure_after_the_cutover_is_seen_to_go_back_to_the_old_version() -> None:
    found = planned(a_blue_green(**JUDGED), failure=Failure(analysis_fails_after=15 * MINUTE))
    assert (found.outcome, found.rows[-1].text, found.rows[-1].share) == ("Degraded", "back to stable", 0)
    assert "post-promotion analysis" in found.message


@pytest.mark.parametrize(
    ("blue_green", "expected"),
    [
        ({}, "no analysis judges"),
        ({**BY_HAND, **JUDGED}, "waits until a person runs"),
        ({**BY_HAND, "autoPromotionSeconds": 5}, "has no effect"),
        ({"previewReplicaCount": 5, **BY_HAND}, "more than the 3 that serve"),
    ],
)
def test_a_blue_green_plan_warns(blue_green: Json, expected: str) -> None:
    assert expected in warned(a_blue_green(**blue_green))


def test_a_bake_is_planned_with_its_time_and_fails_back_to_stable() -> None:
    rollout = a_rollout({"setWeight": 50})
    rollout["metadata"]["annotations"] = {
        "reconciler.dev/bake-analysis": "{duration: 30m, templates: [{templateName: errors}]}"
    }
    last = planned(rollout).rows[-1]
    assert last.took is not None
    assert (last.text, last.took // MINUTE, last.analyses) == ("baked, promoted", 30, ("Bake errors",))
    assert "no analysis judges" not in warned(rollout)
    failed = planned(rollout, failure=Failure(analysis_fails_after=5 * MINUTE))
    assert (failed.rows[-1].text, failed.rows[-1].stable, failed.outcome) == ("back to stable", 4, "Degraded")


EXPERIMENT: Json = {
    "duration": "5m",
    "scaleDownDelaySeconds": 30,
    "templates": [{"name": "a", "specRef": "stable", "replicas": 2, "weight": 10}, {"name": "b", "specRef": "canary"}],
}


def test_an_experiment_step_takes_its_duration_and_its_pods() -> None:
    found = planned(a_rollout({"setWeight": 25}, {"experiment": EXPERIMENT}, **TRAEFIK), starting=MINUTE)
    row = found.rows[1]
    assert (row.text, row.took, row.most - found.rows[0].most) == ("experiment", 6 * MINUTE, 3)
    assert found.outcome == "Healthy"


@pytest.mark.parametrize(("required", "takes"), [(True, 10 * MINUTE), (False, 5 * MINUTE)])
def test_an_experiment_step_waits_for_the_analyses_that_it_requires(required: bool, takes: timedelta) -> None:
    analysis = {"name": "x", "templateName": "errors", "requiredForCompletion": required}
    rollout = a_rollout({"experiment": {**EXPERIMENT, "analyses": [analysis]}}, **TRAEFIK)
    (row, *_) = planned(rollout).rows
    assert row.took == takes
    assert len(row.analyses) == 1
    assert "no analysis judges" not in warned(rollout)


def test_a_simulated_failure_of_an_experiments_analysis_aborts() -> None:
    rollout = a_rollout(
        {"experiment": {**EXPERIMENT, "analyses": [{"name": "x", "templateName": "errors"}]}}, **TRAEFIK
    )
    found = planned(rollout, failure=Failure(analysis_fails_after=2 * MINUTE))
    assert (found.outcome, found.rows[-1].text) == ("Degraded", "back to stable")


@pytest.mark.parametrize(
    "rollout",
    [
        a_rollout({"setWeight": 50}, {"pause": {"duration": "1m"}}, replicas=1, maxSurge=0, maxUnavailable=1),
        a_rollout({"setWeight": 50}, {"pause": {"duration": "1m"}}, replicas=0),
        a_rollout({"setWeight": 100}, {"pause": {"duration": "1m"}}, replicas=3, **TRAEFIK),
    ],
    ids=["nothing left to do at the end", "no replicas", "all traffic before the end"],
)
def test_pods_of_every_row_are_pods_that_were_there(rollout: Json) -> None:
    assert all(0 <= row.fewest <= row.most <= 6 for row in planned(rollout).rows)


def test_a_pause_before_the_promotion_shows_what_people_got_during_it() -> None:
    found = planned(a_rollout({"setWeight": 50}, {"pause": {"duration": "1m"}}, replicas=1))
    assert [row.share for row in found.rows] == [50, 50, 100]


def test_a_weight_below_one_percent_is_not_nothing() -> None:
    routed = {**TRAEFIK, "trafficRouting": {"maxTrafficWeight": 1000, "nginx": {"stableIngress": "shop"}}}
    rollout = a_rollout({"setWeight": 5}, {"pause": {"duration": "1m"}}, **routed)
    assert planned(rollout).rows[1].share == 0.5
    assert "before the new version gets any traffic" not in warned(rollout)
    assert [percent(share) for share in (0, 0.5, 1, 33.3)] == ["0%", "0.5%", "1%", "33%"]


def test_much_traffic_for_few_pods_is_warned_of() -> None:
    few = a_rollout({"setCanaryScale": {"replicas": 1}}, {"setWeight": 90}, replicas=10, **TRAEFIK)
    assert "step 2 sends 90% of the traffic to 1 pod of 10" in warned(few)
    assert "of the traffic to" not in warned(a_rollout({"setWeight": 90}, replicas=10, **TRAEFIK))


def test_no_replicas_and_a_pause_below_a_second_are_warned_of() -> None:
    assert "there are 0 replicas" in warned(a_rollout({"setWeight": 50}, replicas=0))
    assert "step 1 (pause: 0.5s) is over at once" in warned(a_rollout({"pause": {"duration": "0.5s"}}))
    assert "over at once" not in warned(a_rollout({"pause": {"duration": "1s"}}, {"pause": {"duration": 0}}))


def test_an_experiment_whose_pods_never_start_fails_when_its_patience_ends() -> None:
    step = {"experiment": {"duration": "5m", "templates": [{"name": "a", "specRef": "canary"}]}}
    failed = planned(a_rollout(step), failure=Failure(never_ready=True))
    assert (failed.outcome, failed.rows[-1].text) == ("Degraded", "back to stable")
    assert failed.lasts == 10 * MINUTE
    stable = {"experiment": {"duration": "5m", "templates": [{"name": "a", "specRef": "stable"}]}}
    assert planned(a_rollout(stable), failure=Failure(never_ready=True)).rows[0].number == 1


def test_an_analysis_may_fail_while_the_update_waits_for_a_person() -> None:
    rollout = a_rollout({"setWeight": 25}, {"pause": {}}, analysis=ERRORS)
    failed = planned(rollout, failure=Failure(analysis_fails_after=25 * MINUTE))
    assert (failed.outcome, failed.rows[-1].text, failed.lasts) == ("Degraded", "back to stable", 25 * MINUTE)
