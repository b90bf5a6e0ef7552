"""One metric with its arguments filled in and its texts read as numbers and durations (spec rollouts §7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, get_args
from zlib import crc32

from reconciler.analysis.model import IntOrString
from reconciler.errors import Problem
from reconciler.kube.durations import parse_go_duration

OnNoData = Literal["error", "wait", "pass", "fail", "inconclusive"]
"""What an answer without data means; `error` is what Argo Rollouts does."""

RULE_PROVIDER = "prometheus rule"
"""What measures a metric of Prometheus that names a rule; no template can write this name."""

DEFAULT_RETENTION = 10
LARGEST_SPREAD = timedelta(seconds=5)
DEFAULT_ERROR_LIMIT = 4


@dataclass(frozen=True, slots=True)
class Metric:
    """`count` 0 is without end; `failure_limit` -1 and `consecutive_success_limit` 0 are switched off.

    `min_samples`: an answer with fewer values that are numbers counts as no data. `spread`: how much later than asked
    for the second measurement comes, once, so that runs which were started together do not stay in step.
    """

    name: str
    provider: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    interval: timedelta | None = None
    initial_delay: timedelta | None = None
    count: int = 0
    success_condition: str = ""
    failure_condition: str = ""
    failure_limit: int = 0
    inconclusive_limit: int = 0
    consecutive_error_limit: int = DEFAULT_ERROR_LIMIT
    consecutive_success_limit: int = 0
    dry_run: bool = False
    retention: int = DEFAULT_RETENTION
    on_no_data: OnNoData = "error"
    min_samples: int = 0
    spread: timedelta = timedelta()


def read_metric(raw: Mapping[str, Any], at: str) -> tuple[Metric, list[Problem]]:
    """The metric, as far as it can be read, and every problem, each beginning with the path `at`."""
    problems: list[Problem] = []

    def number(key: str, default: int) -> int:
        try:
            return whole(raw.get(key), default)
        except ValueError as error:
            problems.append(Problem(f"{at}.{key}: {error}"))
            return default

    def duration(key: str) -> timedelta | None:
        try:
            return parse_go_duration(str(raw[key])) if raw.get(key) else None
        except ValueError as error:
            problems.append(Problem(f"{at}.{key}: {error}"))
            return None

    interval, count = duration("interval"), number("count", 0)
    provider, config, provider_problems = _provider(raw.get("provider") or {}, f"{at}.provider")
    metric = Metric(
        name=str(raw.get("name", "")),
        provider=provider,
        config=config,
        interval=interval,
        initial_delay=duration("initialDelay"),
        count=count or (0 if raw.get("interval") else 1),
        success_condition=str(raw.get("successCondition") or ""),
        failure_condition=str(raw.get("failureCondition") or ""),
        failure_limit=number("failureLimit", 0),
        inconclusive_limit=number("inconclusiveLimit", 0),
        consecutive_error_limit=number("consecutiveErrorLimit", DEFAULT_ERROR_LIMIT),
        consecutive_success_limit=number("consecutiveSuccessLimit", 0),
    )
    return metric, problems + provider_problems + _contradictions(metric, at, count)


def whole(value: IntOrString | None, default: int = 0) -> int:
    """A count that may come as text because an argument stood there. Raises ValueError."""
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (ValueError, TypeError):
        raise ValueError(f"{value!r} is not a whole number") from None


def spread(metric: Metric, uid: str) -> timedelta:
    """A share of a tenth of the interval, the same for one run whenever it is asked.

    Nothing for a metric with a `count`: somebody waits for its end.
    """
    if metric.interval is None or metric.count:
        return timedelta()
    share = crc32(f"{uid}/{metric.name}".encode()) / 2**32
    return share * min(LARGEST_SPREAD, metric.interval / 10)


def no_data_rule(text: str) -> OnNoData:
    """Raises ValueError for anything but the five words."""
    for word in get_args(OnNoData):
        if text == word:
            return word  # type: ignore[no-any-return]  # get_args of a Literal yields its words
    raise ValueError(f"{text!r} is none of {', '.join(get_args(OnNoData))}")


def _provider(provider: Any, at: str) -> tuple[str, Mapping[str, Any], list[Problem]]:
    """Name and settings of the one provider; each key of `plugin` counts as a provider of its own."""
    if not isinstance(provider, Mapping):
        return "", {}, [Problem(f"{at} must be a map with one provider")]
    choices = [(name, config) for name, config in provider.items() if name != "plugin" and config is not None]
    choices += [(f"plugin {name}", config) for name, config in (provider.get("plugin") or {}).items()]
    if len(choices) != 1:
        names = ", ".join(name for name, _ in choices) or "none"
        return "", {}, [Problem(f"{at} must name exactly one provider; found {names}")]
    name, config = choices[0]
    if not isinstance(config, Mapping):
        return name, {}, [Problem(f"{at}.{name} must be a map")]
    return name, config, []


def _is_no_pause(interval: timedelta | None) -> bool:
    """A metric that is measured without a pause would keep its provider busy for nothing."""
    return interval is not None and interval <= timedelta()


def _contradictions(metric: Metric, at: str, count: int) -> list[Problem]:
    """Rules on single metrics of spec §7.3. `count` as it is written: what is left out fits every limit."""
    failures, successes = metric.failure_limit, metric.consecutive_success_limit
    least = successes + max(failures, 0)
    rules = [
        (not metric.name, ".name must not be empty"),
        (successes < 0, ".consecutiveSuccessLimit must be >= 0"),
        (failures < -1, ".failureLimit must be >= -1 (-1 switches it off)"),
        (failures == -1 and successes == 0, ": failureLimit and consecutiveSuccessLimit cannot both be switched off"),
        (metric.inconclusive_limit < 0, ".inconclusiveLimit must be >= 0"),
        (metric.consecutive_error_limit < 0, ".consecutiveErrorLimit must be >= 0"),
        (metric.count < 0, ".count must be >= 0"),
        (0 < count < least, f".count must be >= failureLimit + consecutiveSuccessLimit ({least})"),
        (0 < count < metric.inconclusive_limit, ".count must be >= inconclusiveLimit"),
        (metric.count > 1 and metric.interval is None, ".interval must be set when count is more than 1"),
        (metric.count != 1 and _is_no_pause(metric.interval), ".interval must be more than 0s"),
    ]
    return [Problem(at + what) for broken, what in rules if broken]
