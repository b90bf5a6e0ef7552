"""One question that several runs ask at the same instant is asked once: Prometheus is spared, the answer is the same.

An answer is passed on for a moment only, much shorter than the interval of who asks; who comes while the question is
under way waits for it. An error is told to those who waited, and to nobody later.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeVar

import orjson

from reconciler.analysis.metric import RULE_PROVIDER, Metric

LONGEST_INSTANT = timedelta(seconds=1)
PART_OF_INTERVAL = 10
"""An answer is never older than this part of the interval of who gets it."""

MOST_ANSWERS = 1000
KEPT = timedelta(seconds=10)
"""No window is longer, so that older answers, which may be large, are let go."""


PROVIDERS = frozenset(
    {"cloudWatch", "datadog", "graphite", "influxdb", "newRelic", "prometheus", RULE_PROVIDER, "skywalking"}
)
"""Those whose answer depends on settings, namespace and time alone, and who are not changed by being asked."""


_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class _Question:
    asked_at: datetime
    answer: Future[Any]


def question(metric: Metric, namespace: str) -> bytes | None:
    """All that the answer depends on but the time, as a digest: it may contain secrets. None: it is nobody else's."""
    if metric.provider not in PROVIDERS:
        return None
    return digest(metric.provider, namespace, metric.config)


def digest(*parts: Any) -> bytes:
    """A key for a question that consists of these parts, which are data as JSON has it."""
    return blake2b(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def instant(metric: Metric) -> timedelta:
    """For how long after it was asked an answer is as good as a new one for this metric."""
    return LONGEST_INSTANT if metric.interval is None else min(LONGEST_INSTANT, metric.interval / PART_OF_INTERVAL)


class SharedQuestions:
    """Thread-safe and bounded."""

    def __init__(self, most: int = MOST_ANSWERS) -> None:
        self._most = most
        self._questions: OrderedDict[bytes, _Question] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, key: bytes, now: datetime, window: timedelta, take: Callable[[], _Answer]) -> _Answer:
        """The answer to a question that was asked no longer than `window` ago, or that of `take`.

        Raises what `take` does, to all who wait for it: its message must be fit for all of them.
        """
        with self._lock:
            known = self._questions.get(key)
            mine = None if known and timedelta() <= now - known.asked_at <= window else self._begin(key, now)
        if mine is None:
            assert known is not None
            answer: _Answer = known.answer.result()
            return answer
        return self._take(key, mine, take)

    def _begin(self, key: bytes, now: datetime) -> _Question:
        mine = self._questions[key] = _Question(now, Future())
        self._questions.move_to_end(key)
        while len(self._questions) > self._most or self._oldest().asked_at < now - KEPT:
            self._questions.popitem(last=False)
        return mine

    def _oldest(self) -> _Question:
        return next(iter(self._questions.values()))

    def _take(self, key: bytes, mine: _Question, take: Callable[[], _Answer]) -> _Answer:
        try:
            answer = take()
        except BaseException as error:
            self._forget(key, mine)
            mine.answer.set_exception(error)
            raise
        mine.answer.set_result(answer)
        return answer

    def _forget(self, key: bytes, mine: _Question) -> None:
        with self._lock:
            if self._questions.get(key) is mine:
                del self._questions[key]
