"""What the page shows of a delivery, as plain values: templates choose the markup, not the meaning. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from reconciler.apps.delivery import Delivery, Health
from reconciler.outcomes.outbox import Entry
from reconciler.outcomes.project import project
from reconciler.outcomes.wording import count
from reconciler.web.ports import CommitInfo
from reconciler.web.workloads import TONES, Workload, workload

Commits = Callable[[str, str], CommitInfo | None]

MAX_COMMITS = 15
_STATE_TONES = {"success": "good", "pending": "busy", "failure": "bad", "error": "held"}


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
        health_tone=TONES[delivery.health],
        sync=delivery.sync,
        headline=headline,
        workloads=tuple(map(workload, delivery.workloads)),
        notices=_notices(delivery),
    )


def history(delivery: Delivery, statuses: tuple[Entry, ...], commit: Commits) -> list[Headline]:
    """The latest commits of an Application and what stands next to each, newest change first."""
    return [_posted(entry, delivery, commit) for entry in statuses[:MAX_COMMITS]]


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
    return TONES[delivery.health]


def _notices(delivery: Delivery) -> tuple[str, ...]:
    found = [str(problem) for problem in delivery.warnings]
    if delivery.blocked:
        found.insert(0, f"Held: {delivery.blocked}")
    if delivery.repository_error:
        found.insert(0, f"The repository cannot be read: {delivery.repository_error}")
    if delivery.drifted:
        found.append(f"{count(delivery.drifted, 'object')} differ{'s' if delivery.drifted == 1 else ''} from git")
    return tuple(found)
