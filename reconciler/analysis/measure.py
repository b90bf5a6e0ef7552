"""Takes one measurement: arguments with their secrets, the provider's answer, the verdict. Never raises.

Whatever goes wrong is an Error measurement: a provider that cannot be reached pauses the judgement, and only the
metric's error limit ends it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reconciler.analysis import providers, shared, validate, verdict
from reconciler.analysis.metric import Metric
from reconciler.analysis.model import AnalysisRun, Measurement, Phase
from reconciler.analysis.providers.contract import (
    Answer,
    Concluded,
    Going,
    Lasting,
    Provider,
    ProviderError,
    Surroundings,
    Undertaking,
    Verdict,
)
from reconciler.analysis.run import ERROR_INTERVAL, Taken, Task, ended
from reconciler.analysis.secrets import mask, secret_texts, secret_values
from reconciler.analysis.shared import SharedQuestions
from reconciler.errors import ReconcilerError
from reconciler.http.client import credentials_in
from reconciler.http.model import Request, Response
from reconciler.kube.api import Cluster
from reconciler.runtime.clock import Clock
from reconciler.telemetry.log import logger

log = logger(__name__)

LONGEST_TEXT = 2048
"""Characters of a value or message that are stored; an object in the API server has little room."""

LONGEST_METADATA = 10_000
"""The same of one item of a measurement's metadata, such as the groups of a query."""

LONGEST_TIMEOUT = 300.0
"""Seconds. Whatever a template asks for, one question does not hold a place in the pool for longer."""

SHORTEST_SECRET = 6
"""Shorter ones of a request (a tenant `1` in a header) are no secrets, and masking them would garble messages."""

_BUG = "internal error while measuring; see the daemon's log"


@dataclass(frozen=True, slots=True)
class Measurer:
    """What measurements need of the daemon. `prometheus_url` is for templates that give no address.

    `home` is the namespace of the Secrets with which providers authenticate, `environment` the daemon's own. `jobs` is
    the cluster where Jobs run when it is another one.
    """

    cluster: Cluster
    send: Callable[[Request], Response]
    clock: Clock
    prometheus_url: str = ""
    home: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    questions: SharedQuestions = field(default_factory=SharedQuestions)
    jobs: Cluster | None = None

    def take(self, run: AnalysisRun, task: Task) -> Taken:
        """Blocks for as long as the provider takes; its own timeout bounds that."""
        started = self.clock.now()
        hidden: set[str] = set()
        try:
            secrets = secret_values(run.spec.args, run.metadata.namespace, self.cluster)
            hidden |= set(secrets.values())
            metric = _with_secrets(run, task.metric, secrets)
            provider, around = (
                providers.find(metric.provider),
                self._around(run, metric, tuple(secrets.values()), hidden),
            )
            if isinstance(provider, Lasting):
                state = provider.advance(metric.config, started, around, self._undertaking(run, task))
                return self._went_on(task, started, state, tuple(secrets.values()))
            answer = self._ask(provider, run, metric, started, around, hidden)
            judged = verdict.judge(metric, answer, started)
        except ReconcilerError as error:
            return self._error(task, started, mask(str(error), hidden))
        except Exception as error:  # a bug must not stop the run's other metrics
            _log_bug(run, task.metric, error, hidden)
            return self._error(task, started, _BUG)
        return self._measured(task, started, answer, judged, tuple(secrets.values()))

    def _ask(
        self,
        provider: Provider,
        run: AnalysisRun,
        metric: Metric,
        now: datetime,
        around: Surroundings,
        hidden: Collection[str],
    ) -> Answer:
        """The provider's answer, or one that another run was just given to the same question."""

        def measure() -> Answer:
            try:
                return provider.measure(metric.config, now, around)
            except ReconcilerError as error:  # others who wait for this answer do not know what to hide
                raise ProviderError(mask(str(error), hidden)) from None
            except Exception as error:
                _log_bug(run, metric, error, hidden)
                raise ProviderError(_BUG) from None

        key = shared.question(metric, run.metadata.namespace)
        return measure() if key is None else self.questions.ask(key, now, shared.instant(metric), measure)

    def end(self, run: AnalysisRun, task: Task) -> Taken:
        """Ends what is in flight without an answer. Raises what the cluster raises: the caller comes again."""
        try:
            provider = providers.find(task.metric.provider)
        except ReconcilerError:  # unknown here, so that nothing of it can be under way
            return ended(task, self.clock.now())
        if not isinstance(provider, Lasting) or task.in_flight is None:
            return ended(task, self.clock.now())
        return self._went_on(task, self.clock.now(), provider.terminate(self._undertaking(run, task)), ())

    def _undertaking(self, run: AnalysisRun, task: Task) -> Undertaking:
        result, flying = run.status.result(task.metric.name), task.in_flight
        return Undertaking(
            cluster=self.jobs or self.cluster,
            namespace=run.metadata.namespace,
            run=run.metadata.name,
            uid=run.metadata.uid,
            metric=task.metric.name,
            number=1 + (result.count + result.error if result is not None else 0),
            begun=flying.started_at if flying is not None else None,
            metadata=flying.metadata if flying is not None else {},
            interval=task.metric.interval,
            retention=task.metric.retention,
            run_begun=run.status.started_at,
            apart=self.jobs is not None,
        )

    def _went_on(self, task: Task, started: datetime, state: Going | Concluded, secrets: tuple[str, ...]) -> Taken:
        begun, now, metadata = _begun(task, started), self.clock.now(), _masked(state.metadata, secrets)
        if isinstance(state, Going):
            flying = Measurement(Phase.RUNNING, started_at=begun, metadata=metadata, resume_at=now + state.wait)
            return Taken(task.metric.name, flying)
        message, text = _stored(state.message, secrets), _stored(state.text, secrets)
        return Taken(task.metric.name, Measurement(state.phase, message, begun, now, text, metadata))

    def _around(self, run: AnalysisRun, metric: Metric, hidden: tuple[str, ...], sent: set[str]) -> Surroundings:
        """Adds to `sent` what the provider's requests declared secret, so that no error of it can show that."""

        def send(request: Request) -> Response:
            carried = (*request.secrets, credentials_in(request.url)[1])
            sent.update(secret for secret in carried if len(secret) >= SHORTEST_SECRET)
            timeout = min(request.timeout, LONGEST_TIMEOUT)
            return self.send(replace(request, timeout=timeout, secrets=(*request.secrets, *hidden)))

        result = run.status.result(metric.name)
        return Surroundings(
            send=send,
            prometheus_url=self.prometheus_url,
            namespace=run.metadata.namespace,
            previous=result.last.metadata if result is not None and result.last is not None else {},
            secret=lambda namespace, name: secret_texts(namespace or self.home, name, self.cluster),
            environment=self.environment,
            questions=self.questions,
        )

    def _measured(
        self, task: Task, started: datetime, answer: Answer, judged: Verdict, secrets: tuple[str, ...]
    ) -> Taken:
        finished = self.clock.now()
        waiting = not judged.phase.complete
        measurement = Measurement(
            phase=judged.phase,
            message=_stored(judged.message, secrets),
            started_at=_begun(task, started),
            finished_at=None if waiting else finished,
            value=_stored(answer.text, secrets),
            metadata=_masked(answer.metadata, secrets),
            resume_at=finished + _pause(task.metric) if waiting else None,
        )
        about = tuple((key, _stored(text, secrets)) for key, text in answer.metric_metadata.items())
        return Taken(task.metric.name, measurement, about)

    def _error(self, task: Task, started: datetime, message: str) -> Taken:
        measurement = Measurement(
            phase=Phase.ERROR,
            message=message[:LONGEST_TEXT],
            started_at=_begun(task, started),
            finished_at=self.clock.now(),
        )
        return Taken(task.metric.name, measurement)


def _log_bug(run: AnalysisRun, metric: Metric, error: Exception, secrets: Collection[str]) -> None:
    """Without the traceback's text, which could show a secret that the provider was given."""
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-5:]]
    log.error(
        "measuring failed unexpectedly",
        run=f"{run.metadata.namespace}/{run.metadata.name}",
        metric=metric.name,
        error=mask(repr(error), secrets),
        at=" ".join(frames),
    )


def _with_secrets(run: AnalysisRun, metric: Metric, secrets: dict[str, str]) -> Metric:
    if not secrets:
        return metric
    values = validate.plain_values(run.spec.args) | secrets
    return next(found for found in validate.metrics(run, values) if found.name == metric.name)


def _begun(task: Task, started: datetime) -> datetime:
    return (task.in_flight.started_at if task.in_flight is not None else None) or started


def _pause(metric: Metric) -> timedelta:
    """How long to wait for data before asking again."""
    return metric.interval or ERROR_INTERVAL


def _masked(metadata: Mapping[str, str], secrets: tuple[str, ...]) -> dict[str, str]:
    return {key: _stored(text, secrets, LONGEST_METADATA) for key, text in metadata.items()}


def _stored(text: str, secrets: tuple[str, ...], longest: int = LONGEST_TEXT) -> str:
    masked = mask(text, secrets)
    return masked if len(masked) <= longest else masked[: longest - 1] + "…"
