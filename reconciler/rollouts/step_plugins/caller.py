"""Calling step plugins in the background, so that one that hangs or breaks holds up nothing but its own Rollout.

Answers wait in memory until a decision takes them; what is lost with the process is asked again. A call cannot be
ended from outside: one that is not back in time counts as an Error, and its Rollout's plugins are not called again
until it is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points

import msgspec
import orjson

from reconciler.rollouts.intents import CallStepPlugin
from reconciler.rollouts.step_plugins.contract import (
    ANSWER_WITHIN_SECONDS,
    PHASES,
    CallId,
    Context,
    Result,
    StepPlugin,
)
from reconciler.runtime.clock import Clock

log = logging.getLogger(__name__)

ENTRY_POINTS = "reconciler.step_plugins"
AT_ONCE = 64
"""Calls under way in this process, those that hang included."""

_LONGEST_MESSAGE = 500
_LONGEST_WAIT_SECONDS = 24 * 3600
_LARGEST_STATUS_BYTES = 16 * 1024


@dataclass(slots=True)
class _Rollout:
    """`running`: the call that has not returned, and when it began; `given_up`: it was answered without it."""

    uid: str
    running: CallId | None = None
    began: float = 0.0
    given_up: bool = False
    answers: dict[CallId, Result] = field(default_factory=dict)


class Caller:
    """`ports.StepPlugins`. `wake` is told the key of a Rollout that an answer is there for."""

    def __init__(self, wake: Callable[[str], None], clock: Clock, disabled: Collection[str] = ()) -> None:
        self._wake, self._clock, self._disabled = wake, clock, frozenset(disabled)
        self._rollouts: dict[str, _Rollout] = {}
        self._lock = threading.Lock()

    def standing(self, name: str) -> str:
        """Why a plugin cannot be called: `disabled`, or a sentence; empty when it can."""
        if name in self._disabled:
            return "disabled"
        try:
            find(name)
        except LookupError as error:
            return str(error.args[0])
        return ""

    def answers(self, key: str, uid: str) -> Mapping[CallId, Result]:
        """What the plugins of a Rollout have answered; a call that takes too long is answered for."""
        with self._lock:
            known = self._rollouts.get(key)
            if known is None or known.uid != uid:
                return {}
            late = known.running and self._clock.monotonic() - known.began >= ANSWER_WITHIN_SECONDS
            if known.running and late and not known.given_up:
                known.given_up = True
                known.answers[known.running] = Result("Error", f"no answer within {ANSWER_WITHIN_SECONDS} s")
            return dict(known.answers)

    def taken(self, key: str, answers: Iterable[CallId]) -> None:
        """Those that are stored are dropped: a later call may not be taken for one of them."""
        with self._lock:
            if known := self._rollouts.get(key):
                for each in answers:
                    known.answers.pop(each, None)

    def begin(self, key: str, uid: str, call: CallStepPlugin) -> None:
        """Makes the call, unless it is under way or answered. Returns at once."""
        with self._lock:
            known = self._rollouts.get(key)
            if known is None or known.uid != uid:
                known = self._rollouts[key] = _Rollout(uid)
            if known.running == call.id or call.id in known.answers:
                return
            if refusal := self._refusal(known):
                known.answers[call.id] = Result("Error", refusal)
            else:
                known.running, known.began, known.given_up = call.id, self._clock.monotonic(), False
                name = f"step plugin {call.name}"[:60]
                threading.Thread(target=self._make, args=(key, known, call), name=name, daemon=True).start()
                return
        self._wake(key)

    def forget(self, key: str) -> None:
        """The Rollout is gone, or another process drives it."""
        with self._lock:
            self._rollouts.pop(key, None)

    def _refusal(self, known: _Rollout) -> str:
        if known.running:
            return "the call before has not returned yet"
        busy = sum(each.running is not None for each in self._rollouts.values())
        return "too many calls of step plugins are under way" if busy >= AT_ONCE else ""

    def _make(self, key: str, known: _Rollout, call: CallStepPlugin) -> None:
        result = _answer(call)
        with self._lock:
            if not known.given_up:
                known.answers[call.id] = result
            known.running = None
        self._wake(key)


@cache
def find(name: str) -> StepPlugin:
    """Raises LookupError with a sentence."""
    entries = list(entry_points(group=ENTRY_POINTS, name=name))
    if not entries:
        raise LookupError(f"no installed package provides it; its entry point would be in {ENTRY_POINTS}")
    try:
        plugin: StepPlugin = entries[0].load()
    except Exception as error:
        raise LookupError(
            f"its package cannot be loaded: {type(error).__name__}: {error}"[:_LONGEST_MESSAGE]
        ) from error
    return plugin


def _answer(call: CallStepPlugin) -> Result:
    """What the plugin says; whatever else happens in it is an Error."""
    context = Context(call.rollout, call.id.index, call.config, call.status)
    try:
        plugin = find(call.name)
        operations = {"Run": plugin.run, "Abort": plugin.abort, "Terminate": plugin.terminate}
        return _checked(operations[call.id.operation](context))
    except Exception as error:
        log.warning("step plugin %s", call.name, exc_info=True)
        return Result("Error", f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE])


def _checked(result: Result) -> Result:
    """Raises TypeError or ValueError for what is no answer."""
    if not isinstance(result, Result) or result.phase not in PHASES:
        raise TypeError(f"the answer must be a Result whose phase is one of {', '.join(PHASES)}")
    stored = orjson.dumps(msgspec.to_builtins(result.status))
    if len(stored) > _LARGEST_STATUS_BYTES:
        raise ValueError(f"the answer's status has {len(stored)} bytes; at most {_LARGEST_STATUS_BYTES} can be kept")
    wait = None if result.requeue_after is None else float(result.requeue_after)
    if wait is not None and not 0 <= wait <= _LONGEST_WAIT_SECONDS:
        raise ValueError(f"requeue_after is {wait}; it may be 0 to {_LONGEST_WAIT_SECONDS} seconds")
    return Result(result.phase, str(result.message)[:_LONGEST_MESSAGE], orjson.loads(stored), wait)
