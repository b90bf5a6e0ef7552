"""Amazon CloudWatch: metric data queries over the time until now (spec rollouts §7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reconciler.analysis.expr.types import FLOATS, LIST, STRING, Kind, Type
from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings
from reconciler.analysis.providers.replies import plain_list
from reconciler.analysis.providers.settings import SettingsReader
from reconciler.aws.cloudwatch import MetricData, metric_data

NAME = "CloudWatch"
DEFAULT_INTERVAL = timedelta(minutes=5)
RESULT = Type(
    Kind.MAP,
    fields=(
        ("Id", STRING),
        ("Label", STRING),
        ("StatusCode", STRING),
        ("Values", FLOATS),
        ("Timestamps", LIST),
        ("Messages", LIST),
    ),
)
"""One element of `result`, e.g. `result[0].Values[0]`."""

RESULTS = Type(Kind.LIST, RESULT)

_FIELDS = {"id": "Id", "expression": "Expression", "label": "Label", "returnData": "ReturnData"}
_USELESS = frozenset({"InternalError", "Forbidden"})


@dataclass(frozen=True, slots=True)
class _Settings:
    queries: tuple[Mapping[str, Any], ...]
    interval: timedelta


def check(config: Mapping[str, Any]) -> None:
    """Raises ProviderError with all that is wrong with the settings."""
    _settings(config)


def measure(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Answer:
    """The results of the queries, newest values first. Raises ProviderError, and what AWS's answer means."""
    settings = _settings(config)
    data = metric_data(settings.queries, now - settings.interval, now, around.send)
    broken = [f"{found['Id']}: {found['StatusCode']}" for found in data.results if found["StatusCode"] in _USELESS]
    if broken:
        raise ProviderError(f"{NAME} could not answer: {'; '.join([*broken, *_messages(data)])}")
    results = [_result(found) for found in data.results]
    text = f"[{','.join(plain_list(found['Values']) for found in results)}]"
    told = _messages(data)
    metadata = {"messages": "; ".join(told)} if told else {}
    samples = sum(len(found["Values"]) for found in results)
    return Answer(results, text, RESULTS, metadata, samples=samples)


def _result(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Id": str(found["Id"]),
        "Label": str(found.get("Label") or ""),
        "StatusCode": str(found.get("StatusCode") or ""),
        "Values": [float(value) for value in found["Values"]],
        "Timestamps": list(found["Timestamps"]),
        "Messages": list(found.get("Messages") or ()),
    }


def _messages(data: MetricData) -> list[str]:
    """What CloudWatch says about the whole answer and about single results, and that something is left out."""
    about = [*data.messages, *(message for found in data.results for message in found.get("Messages") or ())]
    told = [f"{message.get('Code', '')}: {message.get('Value', '')}" for message in about]
    return told if data.whole else [*told, "PartialData: more points than are read"]


def _settings(config: Mapping[str, Any]) -> _Settings:
    read = SettingsReader("cloudWatch", config)
    interval = read.duration("interval", DEFAULT_INTERVAL)
    found = config.get("metricDataQueries")
    if not isinstance(found, list) or not found:
        read.wrong(".metricDataQueries must have at least one query")
        found = []
    queries = tuple(_query(read, given, f".metricDataQueries[{index}]") for index, given in enumerate(found))
    read.finish()
    return _Settings(queries, interval)


def _query(read: SettingsReader, given: Any, at: str) -> dict[str, Any]:
    """One query in the API's form; only what is set is sent."""
    if not isinstance(given, Mapping):
        read.wrong(f"{at} must be a map")
        return {}
    if not given.get("id"):
        read.wrong(f"{at}.id is empty")
    if bool(given.get("expression")) == bool(given.get("metricStat")):
        read.wrong(f"{at}: use either expression or metricStat")
    query = {name: given[key] for key, name in _FIELDS.items() if given.get(key) is not None}
    if given.get("period") is not None:
        query["Period"] = _seconds(read, given["period"], f"{at}.period")
    if isinstance(given.get("metricStat"), Mapping):
        query["MetricStat"] = _stat(read, given["metricStat"], f"{at}.metricStat")
    return query


def _stat(read: SettingsReader, given: Mapping[str, Any], at: str) -> dict[str, Any]:
    metric: Mapping[str, Any] = given.get("metric") or {}
    if not metric.get("metricName"):
        read.wrong(f"{at}.metric.metricName is empty")
    if not given.get("stat"):
        read.wrong(f"{at}.stat is empty, e.g. Average, Sum or p99")
    described = {"MetricName": str(metric.get("metricName")), "Namespace": str(metric.get("namespace") or "")}
    dimensions = [{"Name": str(each["name"]), "Value": str(each["value"])} for each in metric.get("dimensions") or ()]
    asked = {
        "Metric": {name: found for name, found in (*described.items(), ("Dimensions", dimensions)) if found},
        "Period": _seconds(read, given.get("period"), f"{at}.period"),
        "Stat": str(given.get("stat")),
    }
    return asked | ({"Unit": str(given["unit"])} if given.get("unit") else {})


def _seconds(read: SettingsReader, value: Any, at: str) -> int:
    """A whole number that may come as text because an argument stood there."""
    try:
        seconds = int(value)
    except (TypeError, ValueError):
        seconds = 0
    if seconds <= 0:
        read.wrong(f"{at} must be a whole number of seconds above 0")
    return seconds
