"""Sends what an outbox has due, one request at a time, and writes down what became of each."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import assert_never

from reconciler.errors import Transient
from reconciler.forges import forge
from reconciler.forges.model import Answer, Delivered, Rejected, RetryAfter, StatusTarget
from reconciler.http.model import Request, Response
from reconciler.outcomes import outbox as boxes
from reconciler.outcomes.outbox import Entry, Outbox
from reconciler.outcomes.pace import Pace, Paces
from reconciler.runtime.clock import Clock
from reconciler.telemetry import metrics

NO_FORGE = "no forge is configured for this repository"
log = logging.getLogger(__name__)

Send = Callable[[Request], Response]
"""Sends one request. Raises `Transient` when there is no answer."""


class StatusSender:
    """The way out. Statuses of one repository share a pace, whichever application they speak of."""

    def __init__(self, send: Send, clock: Clock) -> None:
        self._send, self._clock = send, clock
        self._paces = Paces()

    def send_due(self, outbox: Outbox, target: StatusTarget) -> tuple[Outbox, float | None]:
        """Sends until nothing is due or the forge wants a rest.

        Returns the outbox with the results, and in how many seconds to come again (None: all is settled).
        """
        pace = self._paces.of(target.api_url, target.repo)
        for entry in boxes.due(outbox, self._clock.now()):
            wait = pace.take(self._clock.monotonic(), terminal=entry.terminal)
            if wait > 0:
                return outbox, wait
            answer = self._post(target, entry)
            outbox = self._note(outbox, entry, answer, pace)
            self._report(target, entry, answer)
        wake = boxes.wake_at(outbox)
        return outbox, None if wake is None else max(0.0, wake - self._clock.now().timestamp())

    def _post(self, target: StatusTarget, entry: Entry) -> Answer:
        service = forge(target.kind)
        try:
            response = self._send(service.status_request(target, entry.wanted))
        except Transient as error:
            return RetryAfter(error.retry_after, str(error))
        return service.status_answer(response, self._clock.now())

    def _note(self, outbox: Outbox, entry: Entry, answer: Answer, pace: Pace) -> Outbox:
        now = self._clock.now()
        match answer:
            case Delivered():
                return boxes.delivered(outbox, entry, now)
            case RetryAfter(seconds, reason, whole_forge):
                if whole_forge and seconds is not None:
                    pace.silence(self._clock.monotonic(), seconds)
                return boxes.deferred(outbox, entry, seconds, reason, now)
            case Rejected(reason):
                return boxes.rejected(outbox, entry, reason)
            case _:
                assert_never(answer)

    def _report(self, target: StatusTarget, entry: Entry, answer: Answer) -> None:
        result = {Delivered: "delivered", RetryAfter: "deferred", Rejected: "rejected"}[type(answer)]
        metrics.status_posted(target.kind, entry.wanted.state, result)
        status = entry.wanted
        fields = {"sha": status.sha[:7], "context": status.context, "state": str(status.state), "result": result}
        if isinstance(answer, Delivered):
            log.info("commit status sent: %s", status.description, extra={"fields": fields})
        else:
            log.warning("commit status not sent: %s", answer.reason, extra={"fields": fields})
