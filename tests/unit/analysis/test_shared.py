"""One question of several runs is asked once per instant."""

from __future__ import annotations

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.analysis.expr.types import FLOAT
from reconciler.analysis.metric import Metric
from reconciler.analysis.providers.contract import Answer, ProviderError
from reconciler.analysis.shared import SharedQuestions, instant, question

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
METRIC = Metric("m", "prometheus", {"query": "up", "headers": [{"key": "X", "value": "secret"}]})


class Source:
    """Counts how often it is asked; each answer is another."""

    def __init__(self, *errors: Exception) -> None:
        self.asked = 0
        self.errors = list(errors)

    def take(self) -> Answer:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return Answer(self.asked, str(self.asked), FLOAT)


@pytest.mark.parametrize(
    ("later", "asked"),
    [(0 * SECOND, 1), (SECOND, 1), (1.001 * SECOND, 2), (-0.001 * SECOND, 2)],
    ids=["same instant", "within", "after", "a clock that was put back"],
)
def test_an_answer_is_good_for_its_window_and_no_longer(later: timedelta, asked: int) -> None:
    questions, source = SharedQuestions(), Source()
    questions.ask(b"q", T0, SECOND, source.take)
    assert questions.ask(b"q", T0 + later, SECOND, source.take).value == asked
    assert source.asked == asked


def test_who_comes_while_it_is_asked_waits_and_gets_the_same() -> None:
    questions, source, begun, go_on = SharedQuestions(), Source(), threading.Event(), threading.Event()

    def slow() -> Answer:
        begun.set()
        assert go_on.wait(5)
        return source.take()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(questions.ask, b"q", T0, SECOND, slow)
        assert begun.wait(5)
        second = pool.submit(questions.ask, b"q", T0, SECOND, source.take)
        go_on.set()
        assert (first.result(5).value, second.result(5).value) == (1, 1)


def test_an_error_is_not_kept_for_the_next() -> None:
    questions, source = SharedQuestions(), Source(ProviderError("away"))
    with pytest.raises(ProviderError, match="away"):
        questions.ask(b"q", T0, SECOND, source.take)
    assert questions.ask(b"q", T0, SECOND, source.take).value == 2


def test_no_more_answers_are_kept_than_there_is_room_for() -> None:
    questions, source = SharedQuestions(most=2), Source()
    for key in (b"a", b"b", b"c", b"c", b"b"):
        questions.ask(key, T0, SECOND, source.take)
    assert source.asked == 3
    questions.ask(b"a", T0, SECOND, source.take)
    assert source.asked == 4


def test_an_answer_that_nobody_will_be_given_any_more_is_let_go() -> None:
    class Large:
        pass

    questions, kept = SharedQuestions(), []

    def take() -> Large:
        answer = Large()
        kept.append(weakref.ref(answer))
        return answer

    questions.ask(b"old", T0, SECOND, take)
    questions.ask(b"new", T0 + 11 * SECOND, SECOND, take)
    assert [ref() is not None for ref in kept] == [False, True]


@pytest.mark.parametrize(
    ("other", "namespace"),
    [
        (replace(METRIC, config={**METRIC.config, "query": "down"}), "n"),
        (replace(METRIC, config={**METRIC.config, "headers": [{"key": "X", "value": "another"}]}), "n"),
        (replace(METRIC, config={**METRIC.config, "address": "http://elsewhere"}), "n"),
        (replace(METRIC, provider="graphite"), "n"),
        (METRIC, "another"),
    ],
    ids=["query", "authentication", "address", "provider", "namespace of secrets"],
)
def test_only_the_very_same_question_is_shared(other: Metric, namespace: str) -> None:
    assert question(METRIC, "n") == question(replace(METRIC, name="another name", count=5), "n")
    assert question(METRIC, "n") != question(other, namespace)


def test_a_question_shows_none_of_its_secrets() -> None:
    assert b"secret" not in (question(METRIC, "n") or b"")


@pytest.mark.parametrize("provider", ["web", "wavefront", "kayenta", "plugin x/y"])
def test_what_may_answer_differently_each_time_is_never_shared(provider: str) -> None:
    assert question(replace(METRIC, provider=provider), "n") is None


@pytest.mark.parametrize(
    ("interval", "window"),
    [(None, 1.0), (timedelta(minutes=1), 1.0), (timedelta(seconds=2), 0.2)],
    ids=["once", "long", "short"],
)
def test_a_shared_answer_is_young_beside_the_interval(interval: timedelta | None, window: float) -> None:
    assert instant(replace(METRIC, interval=interval)) == timedelta(seconds=window)
