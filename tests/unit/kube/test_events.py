from __future__ import annotations

import logging
from typing import Any

import pytest

from reconciler.errors import AlreadyExists, NotFound, Refused, Transient
from reconciler.kube.events import EventRecorder
from reconciler.kube.happenings import ObjectRef
from reconciler.kube.objects import ROLLOUTS, Meta
from reconciler.runtime.clock import SystemClock, VirtualClock

SHOP = ObjectRef("argoproj.io/v1alpha1", "Rollout", "shop", "web", "uid-1")


class Events:
    """The port as far as events need it; `failures` are raised first, one per call."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.failures: list[Exception] = []

    def create(self, _resource: object, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self._fail()
        assert body["metadata"]["namespace"] == namespace
        self.stored[body["metadata"]["name"]] = body
        return body

    def patch(self, _resource: object, _namespace: str, name: str, patch: dict[str, Any]) -> dict[str, Any]:
        self._fail()
        if name not in self.stored:
            raise NotFound(name)
        self.stored[name] |= patch
        return self.stored[name]

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def recorder(events: Any, clock: VirtualClock) -> EventRecorder:
    return EventRecorder(events, "rollouts-controller", clock, max_waiting=3)


def send_all(recorder: EventRecorder) -> None:
    recorder.at_rest(SHOP)
    while recorder.send_next():
        pass


def counts(events: Events) -> list[tuple[str, int]]:
    return [(event["message"], event["count"]) for event in events.stored.values()]


def test_an_event_says_what_happened_to_which_object(events: Events, recorder: EventRecorder) -> None:
    recorder.event(SHOP, "Normal", "RolloutCompleted", "all good")
    send_all(recorder)
    (event,) = events.stored.values()
    assert event["involvedObject"] == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "namespace": "shop",
        "name": "web",
        "uid": "uid-1",
    }
    assert (event["type"], event["reason"], event["message"]) == ("Normal", "RolloutCompleted", "all good")
    assert event["source"] == {"component": "rollouts-controller"}
    assert event["firstTimestamp"] == "2026-01-01T00:00:00Z"


def test_repeats_are_one_event_with_a_count_before_and_after_it_was_sent(
    events: Events, recorder: EventRecorder, clock: VirtualClock
) -> None:
    for _ in range(2):
        for _ in range(3):
            recorder.event(SHOP, "Warning", "Failed", "again")
        clock.advance(60)
        send_all(recorder)
    assert counts(events) == [("again", 6)]
    (event,) = events.stored.values()
    assert (event["firstTimestamp"], event["lastTimestamp"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")


def test_a_repeat_after_a_long_time_or_of_a_forgotten_event_is_a_new_one(
    events: Events, recorder: EventRecorder, clock: VirtualClock
) -> None:
    recorder.event(SHOP, "Normal", "Scaled", "up")
    send_all(recorder)
    clock.advance(601)
    recorder.event(SHOP, "Normal", "Scaled", "up")
    send_all(recorder)
    assert counts(events) == [("up", 1), ("up", 1)]
    events.stored.clear()
    recorder.event(SHOP, "Normal", "Scaled", "up")
    send_all(recorder)
    assert counts(events) == [("up", 1)]


def test_what_does_not_fit_is_counted_and_logged(
    recorder: EventRecorder, events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            recorder.event(SHOP, "Normal", f"Reason{number}", "the same")
    assert recorder.dropped == 2
    assert caplog.records
    send_all(recorder)
    assert len(events.stored) == 3


def test_an_outage_delays_events_and_loses_none(events: Events, recorder: EventRecorder, clock: VirtualClock) -> None:
    events.failures = [Transient("down"), Transient("busy", retry_after=7), *[Transient("down")] * 50]
    recorder.event(SHOP, "Normal", "Scaled", "up")
    send_all(recorder)
    assert counts(events) == [("up", 1)]
    assert clock.monotonic() > 400


def test_an_event_whose_answer_was_lost_on_the_way_is_no_loss(
    events: Events, recorder: EventRecorder, clock: VirtualClock
) -> None:
    events.failures += [Transient("no answer"), AlreadyExists("409")]
    recorder.event(SHOP, "Normal", "RolloutCompleted", "done")
    send_all(recorder)
    assert recorder.dropped == 0


def test_an_event_that_is_refused_is_counted_and_the_next_one_goes(events: Events, recorder: EventRecorder) -> None:
    events.failures = [Refused("no permission")]
    recorder.event(SHOP, "Normal", "A", "first")
    recorder.event(SHOP, "Normal", "B", "second")
    send_all(recorder)
    assert recorder.dropped == 1
    assert counts(events) == [("second", 1)]


def test_stopping_sends_what_waits(events: Any) -> None:
    recorder = EventRecorder(events, "rollouts-controller", SystemClock())
    recorder.start()
    for number in range(300):
        recorder.event(SHOP, "Normal", f"Reason{number}", "the same")
    recorder.stop(10)
    assert len(events.stored) == 300


def test_events_that_wait_and_are_alike_share_one_that_says_all(events: Events, recorder: EventRecorder) -> None:
    for message in ("a from 0 to 1", "b from 2 to 1", "a from 0 to 1"):
        recorder.event(SHOP, "Normal", "Scaled", message)
    recorder.event(SHOP, "Warning", "Scaled", "c is stuck")
    send_all(recorder)
    assert sorted(counts(events)) == [("a from 0 to 1; b from 2 to 1", 3), ("c is stuck", 1)]


def test_nothing_is_sent_before_it_is_due(events: Events, recorder: EventRecorder, clock: VirtualClock) -> None:
    recorder.event(SHOP, "Normal", "Scaled", "up")
    assert not recorder.send_next()
    clock.advance(1)
    assert recorder.send_next()
    recorder.event(SHOP, "Warning", "Failed", "no reason to wait")
    assert recorder.send_next()


def test_no_message_is_cut_to_share_an_event(events: Events, recorder: EventRecorder) -> None:
    messages = [letter * 500 for letter in "abc"]
    for message in messages:
        recorder.event(SHOP, "Normal", "Scaled", message)
    send_all(recorder)
    assert counts(events) == [("; ".join(messages[:2]), 2), (messages[2], 1)]


def test_what_comes_after_an_event_was_sent_is_an_event_of_its_own(events: Events, recorder: EventRecorder) -> None:
    for message in ("first", "second"):
        recorder.event(SHOP, "Normal", "Scaled", message)
        send_all(recorder)
    assert counts(events) == [("first", 1), ("second", 1)]


def test_an_object_refers_to_itself_by_its_metadata() -> None:
    assert ObjectRef.of(ROLLOUTS, Meta(name="web", namespace="shop", uid="uid-1")) == SHOP
