"""What people and programs read: the same words as the commit status, safely."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.apps.delivery import Delivery, Health, MetricReading, OperationPhase
from reconciler.errors import Position, Problem
from reconciler.forges.model import CommitStatus, State
from reconciler.outcomes.board import Board
from reconciler.outcomes.outbox import Entry
from reconciler.web import views, workloads
from reconciler.web.ports import CommitInfo
from tests.unit.outcomes.deliveries import (
    ERRORS,
    SLOW,
    T0,
    A,
    B,
    bad,
    blue_green,
    canary,
    delivery,
    in_motion,
    operation,
    rollout,
)
from tests.unit.web.serving import Page, running

STEPS = ("setWeight: 20", "pause: 30s", "setWeight: 40", "analysis", "setWeight: 100")
CANARY = in_motion(canary(step=3, steps=5, step_texts=STEPS, metrics=(ERRORS, SLOW), desired=5, ready=5))
ABORTED = in_motion(
    canary(health=Health.DEGRADED, aborted=True, weight=0, step=0, step_texts=STEPS, metrics=(bad(ERRORS, "0.34"),))
)


def page(found: Delivery, path: str = "/applications/shop", **ports: object) -> Page:
    board = Board()
    board.publish(found)
    with running(board, now=lambda: T0, **ports) as site:
        return site.get(path)


def a_commit(repo_url: str, sha: str) -> CommitInfo:
    return CommitInfo(sha, "Raise the limit", "Ada", T0 - timedelta(minutes=3))


def test_the_overview_shows_each_application_with_its_commit_and_the_words_of_its_status():
    text = page(CANARY, "/", commit=a_commit).text
    assert "canary 40%, step 3/5, error-rate 0.2% ok" in text
    assert "Raise the limit" in text and "aaaaaaa" in text and "3m ago" in text
    assert 'href="/applications/shop"' in text


def test_the_page_of_an_application_shows_steps_metrics_and_objects():
    text = page(CANARY).text
    assert 'aria-current="step" title="analysis"' in text
    assert "must be &lt; 10%" in text and "120 ms" in text
    assert "stable 60%" in text and "shop:v1" in text and "shop:v2" in text
    assert "<td>Service</td>" in text


def test_a_rejected_release_is_red_with_its_reason():
    text = page(ABORTED, "/").text
    assert 'class="card bad"' in text
    assert "error-rate 34% (must be &lt; 10%): rolled back to shop:v1" in text


def test_the_statuses_of_recent_commits_are_listed_with_what_keeps_them_from_the_forge():
    failed = CommitStatus(B, "reconciler/shop", State.FAILURE, "error-rate 34%")
    entry = Entry(failed, terminal=True, since=T0.timestamp(), trouble="the token may not write commit statuses")
    text = page(CANARY, statuses=lambda app: (entry,)).text
    assert "error-rate 34%" in text and "not at the forge: the token may not write" in text


def test_nothing_to_show_is_said_in_words():
    with running() as site:
        assert "Nothing to deliver yet" in site.get("/").text
    found = page(delivery(None))
    assert found.status == 200 and "No commit has been seen yet" in found.text


def test_an_unknown_application_is_not_found_on_the_page_and_in_the_api():
    with running() as site:
        assert site.get("/applications/none").status == 404
        assert site.get("/api/v1/applications/none").json() == {"error": 'there is no application "none"'}


def test_what_users_write_is_never_markup():
    evil = "<script>alert(1)</script>"
    problem = Problem(evil, at=Position(evil))
    found = delivery(operation(OperationPhase.FAILED, problems=(problem,)), blocked=evil, warnings=(problem,))
    commit = CommitInfo(A, evil, evil, T0)
    for path in ("/", "/applications/shop"):
        text = page(found, path, commit=lambda repo_url, sha: commit).text
        assert "<script>alert" not in text and "&lt;script&gt;alert" in text
    with running() as site:
        assert "<script>alert" not in site.get("/applications/%3Cscript%3Ealert(1)%3C%2Fscript%3E").text


def test_trouble_with_the_repository_is_on_the_page():
    text = page(replace(CANARY, repository_error="connection refused", drifted=1, blocked="window until 08:00")).text
    assert "The repository cannot be read: connection refused" in text
    assert "1 object differs from git" in text and "Held: window until 08:00" in text


def test_the_api_gives_the_delivery_and_its_statuses_as_json():
    entry = Entry(CommitStatus(A, "reconciler/shop", State.PENDING, "queued"))
    board = Board()
    board.publish(CANARY)
    with running(board, statuses=lambda app: (entry,)) as site:
        (listed,) = site.get("/api/v1/applications").json()["applications"]
        assert listed == site.get("/api/v1/applications/shop").json()
    assert listed["app"] == "shop" and listed["workloads"][0]["weight"] == 40
    assert listed["statuses"][0]["state"] == "pending" and listed["statuses"][0]["delivered"] is False


def test_a_verdict_once_given_stays_on_the_page_when_health_changes_later():
    success = CommitStatus(A, "reconciler/shop", State.SUCCESS, "2 objects healthy in 1m10s")
    later = in_motion(rollout(Health.PROGRESSING, promoted=True))
    shown = views.card(later, (Entry(success, terminal=True, sent=success),), lambda *_: None, T0)
    assert shown.headline is not None and shown.headline.text == "2 objects healthy in 1m10s"


def test_the_summary_counts_the_urgent_first():
    cards = [views.card(found, (), lambda *_: None, T0) for found in (CANARY, ABORTED, replace(ABORTED, app="b"))]
    assert views.summary(cards).parts == (("bad", "2 failing"), ("busy", "1 in motion"))


def test_all_steps_of_a_promoted_rollout_are_done_and_none_of_an_aborted_one():
    promoted = workloads.workload(canary(step=5, step_texts=STEPS, promoted=True))
    aborted = workloads.workload(canary(step=2, step_texts=STEPS, aborted=True))
    assert {step.stage for step in promoted.steps} == {"done"}
    assert {step.stage for step in aborted.steps} == {"todo"}
    assert [step.weight for step in promoted.steps] == [20, None, 40, None, 100]


@pytest.mark.parametrize(
    ("phase", "value", "condition", "shown"),
    [
        pytest.param("Running", "0.02", "result[0] < 0.1", ("good", "must be < 10%"), id="success condition kept"),
        pytest.param("Running", "0.02", "result[0] >= 0.1", ("good", "must be < 10%"), id="failure condition not met"),
        pytest.param("Failed", "0.3", "result[0] < 0.1", ("bad", "must be < 10%"), id="success condition broken"),
        pytest.param("Failed", "0.3", "result[0] >= 0.1", ("bad", "must be < 10%"), id="failure condition met"),
    ],
)
def test_the_rule_of_a_metric_is_what_must_hold(phase: str, value: str, condition: str, shown: tuple[str, str]):
    found = workloads.metric(MetricReading("error-rate", phase, value, condition))
    assert (found.tone, found.requirement) == shown


def test_pods_of_two_versions_together_are_not_a_share_of_those_wanted():
    assert workloads.workload(canary(desired=4, ready=3)).pods == "3 of 4 pods ready"
    assert workloads.workload(canary(desired=4, ready=12)).pods == "12 pods ready, 4 wanted"


@pytest.mark.parametrize(
    ("step_texts", "message", "shown"),
    [
        pytest.param(("x", "pause"), "CanaryPauseStep", "paused until promoted", id="until somebody promotes"),
        pytest.param(("x", "pause: 30s"), "CanaryPauseStep", "", id="for a time"),
        pytest.param(("x", "x"), "more replicas need to be updated", "more replicas need to be updated", id="moving"),
    ],
)
def test_a_pause_says_what_it_waits_for_and_not_how_it_is_called_inside(
    step_texts: tuple[str, ...], message: str, shown: str
):
    paused = canary(step=1, steps=2, step_texts=step_texts, paused=message == "CanaryPauseStep", message=message)
    assert workloads.workload(paused).message == shown


def test_a_first_release_shows_no_split_of_traffic():
    first = workloads.workload(canary(weight=100, step=0, stable_images=()))
    assert (first.weight, first.runs) == (None, "shop:v2")


def test_a_preview_is_no_canary_and_its_stages_are_steps():
    stages = ("preview", "pause", "cutover")
    waits = blue_green(0, 1, step_texts=stages, paused=True, message="BlueGreenPause")
    shown = workloads.workload(waits)
    assert (shown.newcomer, shown.weight, shown.message) == ("new version", 0, "paused until promoted")
    assert [step.stage for step in shown.steps] == ["done", "now", "todo"]
