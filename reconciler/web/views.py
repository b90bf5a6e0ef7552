"""What the page shows of a delivery, as plain values: templates choose the markup, not the meaning. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from reconciler.apps.delivery import Delivery, Health, MetricReading, Operation, OperationPhase, WorkloadProgress
from reconciler.outcomes import metrics_text
from reconciler.outcomes.outbox import Entry
from reconciler.outcomes.project import project
from reconciler.outcomes.wording import count, duration, images
from reconciler.web.ports import CommitInfo

Commits = Callable[[str, str], CommitInfo | None]

MAX_COMMITS = 15
_TONES = {
    Health.HEALTHY: "good",
    Health.SUSPENDED: "held",
    Health.PROGRESSING: "busy",
    Health.MISSING: "busy",
    Health.DEGRADED: "bad",
    Health.UNKNOWN: "unknown",
}
_STATE_TONES = {"success": "good", "pending": "busy", "failure": "bad", "error": "held"}
_WEIGHT = re.compile(r"set\s*weight[^0-9]*(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Headline:
    """One commit and what stands next to it. `trouble`: why the forge does not have it."""

    commit: CommitInfo
    state: str
    tone: str
    text: str
    at: datetime | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    tone: str
    value: str
    requirement: str
    phase: str
    message: str


@dataclass(frozen=True, slots=True)
class Step:
    """`stage` is done, now or todo. `weight` is the canary's share after this step, where the step sets it."""

    text: str
    stage: str
    weight: int | None


@dataclass(frozen=True, slots=True)
class Workload:
    """One Rollout or plain workload. `weight` is None where no canary is on its way; `runs` is what users get then."""

    title: str
    namespace: str
    tone: str
    health: str
    message: str
    weight: int | None
    old: str
    new: str
    steps: tuple[Step, ...]
    progress: str
    pods: str
    metrics: tuple[Metric, ...]
    runs: str


@dataclass(frozen=True, slots=True)
class Card:
    """An Application as the overview shows it; its own page begins with the same."""

    name: str
    namespace: str
    tone: str
    health: str
    health_tone: str
    sync: str
    headline: Headline | None
    workloads: tuple[Workload, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """How many applications are how; `tone` and words in the order of urgency."""

    total: int
    parts: tuple[tuple[str, str], ...]


def summary(cards: Iterable[Card]) -> Summary:
    """`2 failing, 1 in motion, 5 healthy`."""
    tones = Counter(card.tone for card in cards)
    words = (
        ("bad", "failing"),
        ("busy", "in motion"),
        ("held", "waiting"),
        ("unknown", "unknown"),
        ("good", "healthy"),
    )
    parts = tuple((tone, f"{tones[tone]} {word}") for tone, word in words if tones[tone])
    return Summary(sum(tones.values()), parts)


def card(delivery: Delivery, statuses: tuple[Entry, ...], commit: Commits, now: datetime) -> Card:
    headline = _headline(delivery, statuses, commit, now)
    return Card(
        name=delivery.app,
        namespace=delivery.namespace,
        tone=_tone(delivery, headline),
        health=delivery.health,
        health_tone=_TONES[delivery.health],
        sync=delivery.sync,
        headline=headline,
        workloads=tuple(map(workload, delivery.workloads)),
        notices=_notices(delivery),
    )


def history(delivery: Delivery, statuses: tuple[Entry, ...], commit: Commits) -> list[Headline]:
    """The latest commits of an Application and what stands next to each, newest change first."""
    return [_posted(entry, delivery, commit) for entry in statuses[:MAX_COMMITS]]


def workload(work: WorkloadProgress) -> Workload:
    is_rollout = work.kind == "Rollout"
    moving = is_rollout and not work.promoted and not work.aborted
    return Workload(
        title=f"{work.kind} {work.name}",
        namespace=work.namespace,
        tone="bad" if work.aborted else _TONES[work.health],
        health=work.phase or work.health,
        message=work.message,
        weight=work.weight if moving else None,
        old=images(work.stable_images),
        new=images(work.images),
        steps=_steps(work),
        progress=f"step {work.step or 0} of {work.steps}" if work.steps and moving else "",
        pods=f"{work.ready} of {work.desired} pods ready" if work.desired else "",
        metrics=tuple(map(metric, work.metrics)),
        runs="" if moving else images(work.stable_images if work.aborted else work.images),
    )


def metric(reading: MetricReading) -> Metric:
    bad = metrics_text.is_bad(reading)
    return Metric(
        name=reading.name,
        tone="bad" if bad else "good" if reading.value else "unknown",
        value=metrics_text.measured(reading) or "–",
        requirement=metrics_text.must(reading) if reading.condition else "",
        phase=reading.phase,
        message=reading.message,
    )


def tone_of_health(health: Health) -> str:
    return _TONES[health]


def operation_text(operation: Operation) -> str:
    """`applied in 4s: 2 created, 1 updated`."""
    took = ""
    if operation.finished_at:
        took = f" in {duration((operation.finished_at - operation.started_at).total_seconds())}"
    words = {
        OperationPhase.NO_CHANGE: "no change",
        OperationPhase.APPLYING: f"applying {operation.done} of {operation.total}",
    }
    text = words.get(operation.phase, operation.phase.lower()) + took
    changes = [f"{number} {word}" for number, word in _changes(operation) if number]
    return f"{text}: {', '.join(changes)}" if changes else text


def ago(when: datetime, now: datetime) -> str:
    seconds = (now - when).total_seconds()
    return "just now" if seconds < 5 else f"{duration(seconds)} ago" if seconds < 60 else _coarse(seconds)


def iso(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_json(delivery: Delivery, statuses: tuple[Entry, ...]) -> dict[str, Any]:
    """A delivery and its statuses for `/api/v1`; field names are those of `apps.delivery`."""
    content: dict[str, Any] = msgspec.to_builtins(delivery)
    content["statuses"] = [
        {**msgspec.to_builtins(entry.wanted), "delivered": entry.sent == entry.wanted, "trouble": entry.trouble}
        for entry in statuses
    ]
    return content


def _headline(delivery: Delivery, statuses: tuple[Entry, ...], commit: Commits, now: datetime) -> Headline | None:
    """The commit that runs, in the very words of its commit status."""
    operation = delivery.operation
    sha = operation.sha if operation else delivery.head
    if not sha:
        return None
    posted = next((entry for entry in statuses if entry.wanted.sha == sha), None)
    if posted and posted.terminal:
        return _posted(posted, delivery, commit)
    found = next((outcome.status for outcome in project(delivery, now) if outcome.status.sha == sha), None)
    if found is None:
        return None
    return Headline(_info(delivery, sha, commit), found.state, _STATE_TONES[found.state], found.description)


def _posted(entry: Entry, delivery: Delivery, commit: Commits) -> Headline:
    status = entry.wanted
    return Headline(
        _info(delivery, status.sha, commit),
        status.state,
        _STATE_TONES[status.state],
        status.description,
        datetime.fromtimestamp(entry.since, UTC),
        "" if entry.sent == status else entry.trouble,
    )


def _info(delivery: Delivery, sha: str, commit: Commits) -> CommitInfo:
    return commit(delivery.repo_url, sha) or CommitInfo(sha)


def _tone(delivery: Delivery, headline: Headline | None) -> str:
    """The worst of health and verdict: an aborted release is red even though the old version is healthy."""
    if delivery.health is Health.DEGRADED or (headline and headline.tone == "bad") or delivery.repository_error:
        return "bad"
    if headline and headline.state == "pending":
        return "held" if delivery.blocked else "busy"
    return _TONES[delivery.health]


def _notices(delivery: Delivery) -> tuple[str, ...]:
    found = [str(problem) for problem in delivery.warnings]
    if delivery.blocked:
        found.insert(0, f"Held: {delivery.blocked}")
    if delivery.repository_error:
        found.insert(0, f"The repository cannot be read: {delivery.repository_error}")
    if delivery.drifted:
        found.append(f"{count(delivery.drifted, 'object')} differ{'s' if delivery.drifted == 1 else ''} from git")
    return tuple(found)


def _steps(work: WorkloadProgress) -> tuple[Step, ...]:
    finished = work.promoted and not work.aborted
    at = len(work.step_texts) if finished else work.step or 0
    stages = ["done" if index < at else "now" if index == at else "todo" for index in range(len(work.step_texts))]
    if work.aborted:
        stages = ["todo"] * len(stages)
    return tuple(
        Step(text, stage, int(found[1]) if (found := _WEIGHT.search(text)) else None)
        for text, stage in zip(work.step_texts, stages, strict=True)
    )


def _changes(operation: Operation) -> Iterable[tuple[int, str]]:
    return (operation.created, "created"), (operation.updated, "updated"), (operation.pruned, "pruned")


def _coarse(seconds: float) -> str:
    """Minutes, hours or days, whichever is the largest."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit} ago"
    return "just now"
