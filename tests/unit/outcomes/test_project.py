"""The golden table: deliveries, and what stands next to the commit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.apps.delivery import Delivery, Health, MetricReading, OperationPhase, WorkloadProgress
from reconciler.errors import Position, Problem
from reconciler.outcomes.project import project
from tests.unit.outcomes.deliveries import (
    ERRORS,
    SLOW,
    T0,
    A,
    B,
    C,
    bad,
    blue_green,
    canary,
    delivery,
    in_motion,
    operation,
    rollout,
    thing,
)

HEALTHY = Health.HEALTHY
DEGRADED = Health.DEGRADED
TYPO = Problem('unknown field "maxSurges"', 'did you mean "maxSurge"?', Position("deploy/shop.yaml", 14, 9))
TOO_MANY_ERRORS = bad(ERRORS, "[0.34]")
TOO_SLOW = bad(SLOW, "0.9")


def applied(*objects: object, **fields: object) -> Delivery:
    return delivery(operation(total=len(objects)), objects=objects, **fields)


def aborted(*metrics: MetricReading, **fields: object) -> Delivery:
    return in_motion(canary(health=DEGRADED, aborted=True, weight=0, metrics=metrics, **fields))


GOLDEN = {
    "queued": (delivery(operation(OperationPhase.PENDING)), "pending: queued"),
    "held before it starts": (
        delivery(operation(OperationPhase.PENDING), blocked="window opens at 08:00 UTC"),
        "pending: held: window opens at 08:00 UTC",
    ),
    "rendering": (delivery(operation(OperationPhase.RENDERING)), "pending: rendering"),
    "applying": (delivery(operation(OperationPhase.APPLYING, done=12, total=40)), "pending: applying 12/40 objects"),
    "applying with trouble": (
        delivery(operation(OperationPhase.APPLYING, done=1, total=4, message="API server does not answer")),
        "pending: applying 1/4 objects: API server does not answer",
    ),
    "nothing to do for this app": (
        delivery(operation(OperationPhase.NO_CHANGE)),
        "success: no change for this app",
    ),
    "a field does not exist": (
        delivery(operation(OperationPhase.FAILED, problems=(TYPO,))),
        'failure: deploy/shop.yaml:14:9: unknown field "maxSurges" (did you mean "maxSurge"?)',
    ),
    "several problems": (
        delivery(operation(OperationPhase.FAILED, problems=(TYPO, TYPO, TYPO))),
        'failure: deploy/shop.yaml:14:9: unknown field "maxSurges" (did you mean "maxSurge"?) (and 2 more)',
    ),
    "our own trouble": (
        delivery(operation(OperationPhase.FAILED, message="cannot reach the cluster")),
        "error: own trouble, will be retried: cannot reach the cluster",
    ),
    "a Deployment on its way": (
        applied(thing("Deployment", Health.PROGRESSING), thing("Service", HEALTHY)),
        "pending: 1/2 objects healthy, waiting for Deployment shop",
    ),
    "with the reason of its health": (
        applied(thing("PersistentVolumeClaim", Health.PROGRESSING, "unbound")),
        "pending: 0/1 object healthy, waiting for PersistentVolumeClaim shop (unbound)",
    ),
    "with its pods": (
        applied(
            thing("Deployment", Health.PROGRESSING),
            workloads=(WorkloadProgress("Deployment", "shop", "shop", Health.PROGRESSING, desired=3, ready=2),),
        ),
        "pending: 0/1 object healthy, waiting for Deployment shop (2/3 ready)",
    ),
    "missing objects are waited for": (
        applied(thing("Ingress", Health.MISSING), thing("Service", HEALTHY)),
        "pending: 1/2 objects healthy, waiting for Ingress shop",
    ),
    "health not seen yet": (delivery(operation(total=3)), "pending: applied, waiting for health"),
    "degraded but it may mend": (
        applied(thing("Deployment", DEGRADED, "1 pod restarts")),
        "pending: 0/1 object healthy, waiting for Deployment shop (1 pod restarts)",
    ),
    "degraded for good": (
        applied(thing("Deployment", DEGRADED, "progress deadline of 600 s exceeded", terminal=True)),
        "failure: Deployment shop: progress deadline of 600 s exceeded",
    ),
    "a failed Job": (
        applied(thing("Job", DEGRADED, "BackoffLimitExceeded", terminal=True, name="migrate")),
        "failure: Job migrate: BackoffLimitExceeded",
    ),
    "all healthy": (
        applied(thing("Deployment", HEALTHY), thing("Service", HEALTHY)),
        "success: 2 objects healthy in 1m10s",
    ),
    "a CronJob suspended by declaration": (
        applied(thing("CronJob", Health.SUSPENDED)),
        "success: 1 object healthy in 1m10s",
    ),
    "an application without objects": (delivery(operation()), "success: 0 objects healthy in 1m10s"),
    "promoted": (
        in_motion(rollout(HEALTHY, promoted=True)),
        "success: 2 objects healthy in 1m10s, images shop:v2",
    ),
    "several images": (
        in_motion(rollout(HEALTHY, promoted=True, images=("r/shop:v2", "r/proxy@sha256:" + "1a2b3c4d" * 8))),
        "success: 2 objects healthy in 1m10s, images shop:v2, proxy@1a2b3c4",
    ),
    "healthy but not yet promoted": (
        in_motion(canary(health=HEALTHY, weight=100, step=8)),
        "pending: canary 100%, step 8/8",
    ),
    "the first release has nothing to compare with": (
        in_motion(canary(weight=100, step=0, stable_images=(), desired=4, ready=1)),
        "pending: first release, 1/4 pods ready",
    ),
    "canary on its way": (
        in_motion(canary(metrics=(ERRORS,))),
        "pending: canary 40%, step 3/8, error-rate 0.2% ok",
    ),
    "canary with two metrics": (
        in_motion(canary(metrics=(ERRORS, SLOW))),
        "pending: canary 40%, step 3/8, error-rate 0.2% ok, p95-latency 120 ms ok",
    ),
    "canary before its first measurement": (
        in_motion(canary(metrics=(MetricReading("error-rate", "Pending"),))),
        "pending: canary 40%, step 3/8",
    ),
    "a bad metric is named first": (
        in_motion(canary(metrics=(SLOW, TOO_MANY_ERRORS))),
        "pending: canary 40%, step 3/8, error-rate 34% (must be < 10%), p95-latency 120 ms ok",
    ),
    "one bad measurement, the metric runs on": (
        in_motion(canary(metrics=(replace(ERRORS, value="0.34", measurement="Failed"),))),
        "pending: canary 40%, step 3/8, error-rate 34% (must be < 10%)",
    ),
    "its provider does not answer": (
        in_motion(
            canary(
                metrics=(
                    replace(
                        ERRORS,
                        value="",
                        phase="Running",
                        measurement="Error",
                        message="cannot connect: refused",
                        failing_since="2026-01-01T12:03:10Z",
                    ),
                )
            )
        ),
        "pending: canary 40%, step 3/8, cannot measure error-rate since 12:03:10 UTC: cannot connect: refused",
    ),
    "paused until promoted": (
        in_motion(canary(health=Health.SUSPENDED, paused=True, step_texts=("setWeight: 40",) * 3 + ("pause",))),
        "pending: canary 40%, step 3/8: paused until promoted",
    ),
    "paused with good figures": (
        in_motion(canary(paused=True, step_texts=("x", "x", "x", "pause"), metrics=(ERRORS,))),
        "pending: canary 40%, step 3/8: paused until promoted, error-rate 0.2% ok",
    ),
    "paused by hand": (
        in_motion(canary(health=Health.SUSPENDED, paused=True, message="manually paused")),
        "pending: canary 40%, step 3/8: paused until resumed",
    ),
    "paused by an inconclusive analysis": (
        in_motion(canary(health=Health.SUSPENDED, paused=True, message="InconclusiveAnalysisRun")),
        "pending: canary 40%, step 3/8: analysis inconclusive, promote or abort",
    ),
    "paused for a time": (
        in_motion(canary(health=Health.SUSPENDED, paused=True, step_texts=("x", "x", "x", "pause: 30s"))),
        "pending: canary 40%, step 3/8",
    ),
    "a preview that waits for a person": (
        in_motion(blue_green(0, 2, paused=True, step_texts=("preview", "pre-promotion analysis", "pause", "cutover"))),
        "pending: preview, step 2/4: paused until promoted",
    ),
    "a version that serves and is judged": (
        in_motion(blue_green(100, 3, metrics=(ERRORS,))),
        "pending: serving, step 3/4, error-rate 0.2% ok",
    ),
    "two Rollouts": (
        in_motion(canary(), canary(weight=10, step=1, name="api")),
        "pending: shop: canary 40%, step 3/8; api: canary 10%, step 1/8",
    ),
    "a Rollout without steps": (
        in_motion(rollout(desired=5, ready=3)),
        "pending: 3/5 ready",
    ),
    "too many errors": (
        aborted(TOO_MANY_ERRORS, SLOW),
        "failure: error-rate 34% (must be < 10%): rolled back to shop:v1",
    ),
    "too slow": (
        aborted(ERRORS, TOO_SLOW),
        "failure: p95-latency 900 ms (must be < 500 ms): rolled back to shop:v1",
    ),
    "both at once": (
        aborted(TOO_MANY_ERRORS, TOO_SLOW),
        "failure: error-rate 34% (must be < 10%), p95-latency 900 ms (must be < 500 ms): rolled back to shop:v1",
    ),
    "a failure condition was met": (
        aborted(bad(ERRORS, "0.34", condition="result[0] >= 0.10")),
        "failure: error-rate 34% (must be < 10%): rolled back to shop:v1",
    ),
    "a guarded condition": (
        aborted(bad(ERRORS, "0.34", condition="isNaN(result[0]) || result[0] < 0.10")),
        "failure: error-rate 34% (must be < 10%): rolled back to shop:v1",
    ),
    "a condition of another form": (
        aborted(bad(ERRORS, "[3,4]", condition="all(result, # < 3)")),
        "failure: error-rate [3,4] (condition: all(result, # < 3)): rolled back to shop:v1",
    ),
    "no verdict from its metric": (
        aborted(bad(ERRORS, "0.05", "Inconclusive")),
        "failure: error-rate 5% is inconclusive: rolled back to shop:v1",
    ),
    "its metric could not be measured": (
        aborted(bad(ERRORS, "", "Error", message="no such host: prometheus")),
        "failure: error-rate could not be measured: no such host: prometheus: rolled back to shop:v1",
    ),
    "a failed metric before an erroneous one": (
        aborted(bad(SLOW, "", "Error"), TOO_MANY_ERRORS),
        "failure: error-rate 34% (must be < 10%), p95-latency could not be measured: rolled back to shop:v1",
    ),
    "aborted by a person": (
        aborted(message="aborted by kubectl"),
        "failure: shop: aborted by kubectl: rolled back to shop:v1",
    ),
    "degraded for a moment, as while an object that it names is on its way": (
        replace(
            in_motion(rollout(Health.DEGRADED, message='ingress "shop" not found')),
            objects=(thing("Rollout", Health.DEGRADED),),
        ),
        'pending: ingress "shop" not found',
    ),
    "degraded without an abort": (
        in_motion(rollout(DEGRADED, message="progress deadline exceeded")),
        "failure: shop: progress deadline exceeded",
    ),
    "aborted although the rest is healthy": (
        aborted(TOO_MANY_ERRORS, stable_images=("r/shop:v1", "r/proxy:3"), images=("r/shop:v2", "r/proxy:3")),
        "failure: error-rate 34% (must be < 10%): rolled back to shop:v1",
    ),
    "held after it was applied": (
        applied(thing("Service", Health.PROGRESSING), blocked="pruning 30 objects needs approval"),
        "pending: held: pruning 30 objects needs approval",
    ),
}


def said(found: Delivery, **fields: object) -> dict[str, str]:
    return {each.status.sha: f"{each.status.state}: {each.status.description}" for each in project(found, T0, **fields)}


@pytest.mark.parametrize(("found", "words"), GOLDEN.values(), ids=GOLDEN.keys())
def test_the_current_commit_says(found: Delivery, words: str):
    assert said(found) == {A: words}


def test_a_newer_commit_closes_the_one_it_overtook_and_those_never_started():
    overtaken = operation(OperationPhase.APPLYING, sha=A, superseded_by=C)
    skipped = operation(OperationPhase.PENDING, sha=B, superseded_by=C)
    found = delivery(operation(OperationPhase.RENDERING, sha=C), superseded=(overtaken, skipped))
    assert said(found) == {
        A: "error: superseded by ccccccc before rollout finished",
        B: "error: skipped, included in ccccccc",
        C: "pending: rendering",
    }


def test_an_open_commit_that_nobody_lists_any_more_is_closed_too():
    found = delivery(operation(OperationPhase.RENDERING, sha=B))
    assert said(found, open_shas=[A])[A] == "error: superseded by bbbbbbb before rollout finished"


def test_a_commit_that_came_back_after_it_was_overtaken_is_judged_anew():
    found = delivery(operation(sha=A, total=0), superseded=(operation(sha=A, superseded_by=B),))
    assert said(found)[A].startswith("success")


def test_a_new_head_waits_behind_the_running_commit():
    found = delivery(operation(OperationPhase.APPLYING), head=B)
    assert said(found) == {A: "pending: applying", B: "pending: queued behind aaaaaaa"}


def test_a_held_head_says_why():
    assert said(delivery(None, head=B, blocked="pinned to v1"))[B] == "pending: held: pinned to v1"


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        (OperationPhase.PENDING, "pending: queued"),
        (OperationPhase.RENDERING, "pending: rendering"),
        (OperationPhase.NO_CHANGE, "success: no change for this app"),
        (OperationPhase.FAILED, "error: own trouble, will be retried: no details"),
    ],
)
def test_the_applied_commit_is_judged_on_until_a_newer_one_changes_objects(phase: OperationPhase, words: str):
    objects, works = (thing("Rollout", Health.PROGRESSING),), (canary(metrics=(ERRORS,)),)
    found = delivery(operation(phase, sha=B), applied_sha=A, objects=objects, workloads=works)
    assert said(found, open_shas=[A]) == {A: "pending: canary 40%, step 3/8, error-rate 0.2% ok", B: words}
    assert said(found) == {B: words}


def test_a_newer_commit_that_changes_objects_ends_the_judging_of_the_one_before():
    found = delivery(operation(OperationPhase.APPLYING, sha=B), applied_sha=A, workloads=(canary(),))
    assert said(found, open_shas=[A])[A] == "error: superseded by bbbbbbb before rollout finished"


def test_only_the_commit_of_the_operation_is_current_and_only_verdicts_are_terminal():
    found = delivery(operation(OperationPhase.APPLYING, sha=B), head=C, superseded=(operation(superseded_by=B),))
    standing = {each.status.sha: (each.current, each.terminal) for each in project(found, T0)}
    assert standing == {A: (False, True), C: (False, False), B: (True, False)}


def test_own_trouble_is_no_verdict():
    (outcome,) = project(delivery(operation(OperationPhase.FAILED, message="no network")), T0)
    assert not outcome.terminal


def test_statuses_link_to_the_page_of_the_application():
    (outcome,) = project(delivery(operation()), T0, public_url="https://r.test/")
    assert outcome.status.target_url == "https://r.test/applications/shop"
    assert outcome.status.context == "reconciler/shop"


@pytest.mark.parametrize("sha", ["", "main", "abc1234", "A" * 40, "../" * 14])
def test_nothing_is_said_about_what_is_no_full_commit_id(sha: str):
    assert project(delivery(operation(sha=sha)), T0) == ()


def test_a_situation_that_stands_still_reads_the_same_later():
    found = in_motion(canary(metrics=(ERRORS,)))
    assert project(found, T0) == project(found, T0 + timedelta(hours=1))


@given(text=st.text(max_size=400))
def test_every_description_is_one_printable_line_that_the_forge_accepts(text: str):
    for found in (
        delivery(operation(OperationPhase.APPLYING, message=text)),
        delivery(operation(OperationPhase.FAILED, problems=(Problem(text), Problem(text)))),
        aborted(bad(ERRORS, text, condition=text), message=text),
    ):
        (outcome,) = project(found, T0)
        words = outcome.status.description
        assert len(words) <= 140
        assert words.isprintable()
