"""What a metric provider is: something that turns a metric's settings into one answer.

Most ask one HTTP question and are pure: `request` and `value` over `reconciler.http.model`; the sending is not theirs.
Others (several questions) implement `measure` and are given the world. Those whose answer takes time, such as a Job,
implement `advance` and `terminate`, and keep what they must know in the cluster and in the measurement's metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from reconciler.analysis.expr.types import Type, type_of
from reconciler.analysis.metric import DEFAULT_RETENTION
from reconciler.analysis.model import Phase
from reconciler.analysis.shared import SharedQuestions
from reconciler.errors import ReconcilerError
from reconciler.http.model import Request, Response
from reconciler.kube.api import Cluster


class ProviderError(ReconcilerError):
    """The provider could not give a value. The text becomes the measurement's message: it tells the user what to do."""


class NotLent(ReconcilerError):
    """Whoever asks lends no secrets: the settings are right as far as they can be judged without credentials."""


def _lends_none(namespace: str, name: str) -> Mapping[str, str]:
    raise NotLent(f"the Secret {name!r} cannot be read from here")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one measurement means. Running: it means nothing yet, ask again."""

    phase: Phase
    message: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` is what conditions see as `result`, `text` what people see; `type` is known before evaluation.

    `verdict`: the provider's own, then there is nothing for conditions to do. `samples`: how many values that are
    numbers were found, where `value` does not show it.
    """

    value: Any
    text: str
    type: Type
    metadata: Mapping[str, str] = field(default_factory=dict)
    metric_metadata: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict | None = None
    samples: int | None = None

    @classmethod
    def of_json(cls, value: Any, text: str, metadata: Mapping[str, str] | None = None) -> Answer:
        """An answer whose type is that of the decoded JSON itself."""
        return cls(value, text, type_of(value), metadata or {})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the daemon lends to providers. `previous` is the metadata of the metric's last measurement.

    `secret(namespace, name)` gives the texts in a Secret by key; the namespace "" is the daemon's own. It raises
    `UserError` when there is none, and `NotLent` where nothing may be read. What a provider makes of it goes into
    `Request.secrets`, so that no message shows it. `environment` is the daemon's. `questions` is for what measurements
    of different metrics ask alike.
    """

    send: Callable[[Request], Response]
    prometheus_url: str = ""
    namespace: str = ""
    previous: Mapping[str, str] = field(default_factory=dict)
    secret: Callable[[str, str], Mapping[str, str]] = _lends_none
    environment: Mapping[str, str] = field(default_factory=dict)
    questions: SharedQuestions = field(default_factory=SharedQuestions)


class Provider(Protocol):
    """Raises ProviderError, or any of the taxonomy (a network error is `Transient`)."""

    def measure(self, config: Mapping[str, Any], now: datetime, around: Surroundings) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Undertaking:
    """A measurement that takes time: whose it is. `number` counts the metric's measurements from 1, errors included.

    `begun` is None and `metadata` empty until the measurement is in the run's status; that it is not says nothing
    about whether it was begun. `interval` and `retention` are the metric's; `run_begun` is when its run was.
    `cluster` is where Jobs run; `apart` says that it is not that of the run.
    """

    cluster: Cluster
    namespace: str
    run: str
    uid: str
    metric: str
    number: int
    begun: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    interval: timedelta | None = None
    retention: int = DEFAULT_RETENTION
    run_begun: datetime | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Going:
    """Not ended yet: `advance` is asked again after `wait`."""

    wait: timedelta
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Concluded:
    """The provider's own verdict; conditions are not evaluated. `text` is the value that people see."""

    phase: Phase
    message: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


@runtime_checkable
class Lasting(Protocol):
    """A provider whose measurements take time. Both may be called again with the same arguments after a crash."""

    def advance(
        self, config: Mapping[str, Any], now: datetime, around: Surroundings, mine: Undertaking
    ) -> Going | Concluded: ...

    def terminate(self, mine: Undertaking) -> Concluded: ...


@runtime_checkable
class Checked(Protocol):
    """A provider that can judge its settings without asking anything, for `reconciler lint`."""

    def check(self, config: Mapping[str, Any]) -> None:
        """Raises ProviderError with all that is wrong with the settings."""


class HttpProvider(Protocol):
    """A provider that is one question: usually a module with these two functions."""

    def request(self, config: Mapping[str, Any], now: datetime, around: Surroundings) -> Request: ...

    def value(self, config: Mapping[str, Any], response: Response) -> Answer: ...


@dataclass(frozen=True, slots=True)
class OverHttp:
    """Makes a `Provider` of an `HttpProvider`."""

    provider: HttpProvider

    def measure(self, config: Mapping[str, Any], now: datetime, around: Surroundings) -> Answer:
        return self.provider.value(config, around.send(self.provider.request(config, now, around)))
