"""Statuses on their way to a forge: what is wanted, what was delivered, what may be sent now. Pure.

One entry per (sha, context) holds the newest state that is wanted and nothing older, so a stale state cannot follow a
newer one. The outbox is written down before anything is sent and is all that a restart needs: what was wanted and not
marked as delivered is sent again, which is harmless because a forge counts only the latest status of a context.

Rules (spec gitops §6.3): sent on change only; ten seconds between updates of one entry, which verdicts and the first
news of a canary that gets traffic need not wait for; at most twenty updates per entry, the last five of them kept for
verdicts; a success is final until another commit has run; a failure gives way only to another verdict. A refused or
lost request delays its entry even for a verdict: the forge may still be working on it, and its late arrival must not
overwrite what follows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from reconciler.forges.model import CommitStatus, State
from reconciler.outcomes.project import Outcome

COALESCE_SECONDS = 10.0
MAX_UPDATES = 20
MAX_STAGES = 15
"""Of the updates, how many may be stages; the rest is kept for verdicts."""
KEPT_SETTLED = 50
"""Delivered entries that are remembered, so that a later projection does not reopen them."""
MAX_ENTRIES = 1000
FIRST_RETRY_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 300.0


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One (sha, context). Times are seconds since the epoch; `wanted` is what should stand next to the commit.

    `serving`: it says that a canary gets traffic; `served`: the forge has been told so.
    """

    wanted: CommitStatus
    terminal: bool = False
    since: float = 0.0
    sent: CommitStatus | None = None
    sent_at: float = 0.0
    updates: int = 0
    failures: int = 0
    not_before: float = 0.0
    trouble: str = ""
    given_up: bool = False
    serving: bool = False
    served: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.wanted.sha, self.wanted.context

    @property
    def is_open(self) -> bool:
        """Whether it still has to be sent, and may be."""
        allowed = MAX_UPDATES if self.terminal else MAX_STAGES
        return self.sent != self.wanted and not self.given_up and self.updates < allowed


class Outbox(msgspec.Struct, frozen=True, omit_defaults=True):
    """All entries, the longest unchanged first. `running` is the commit that was current last, by context."""

    entries: tuple[Entry, ...] = ()
    running: dict[str, str] = {}

    def get(self, sha: str, context: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.key == (sha, context)), None)

    def unsettled_shas(self) -> list[str]:
        """Commits whose wanted status is not a verdict yet."""
        return [entry.wanted.sha for entry in self.entries if not entry.terminal]


def encode(outbox: Outbox) -> bytes:
    return msgspec.json.encode(outbox)


def decode(data: bytes) -> Outbox:
    """Raises `msgspec.DecodeError` when it is not an outbox."""
    return msgspec.json.decode(data, type=Outbox)


def offer(outbox: Outbox, outcomes: Iterable[Outcome], now: datetime) -> Outbox:
    """The outbox after it learned what should be shown. The very same object when nothing is new."""
    for outcome in outcomes:
        outbox = _offer_one(outbox, outcome, now.timestamp())
    return outbox


def due(outbox: Outbox, now: datetime) -> list[Entry]:
    """What may be sent now: verdicts before stages, the longest waiting first."""
    ready = [entry for entry in outbox.entries if entry.is_open and _ready_at(entry) <= now.timestamp()]
    return sorted(ready, key=lambda entry: (not entry.terminal, entry.since))


def wake_at(outbox: Outbox) -> float | None:
    """When the next entry may be sent, in seconds since the epoch; None when all is delivered."""
    return min((_ready_at(entry) for entry in outbox.entries if entry.is_open), default=None)


def delivered(outbox: Outbox, entry: Entry, now: datetime) -> Outbox:
    """The forge has `entry.wanted` as it was when it was sent."""
    done = {"sent": entry.wanted, "sent_at": now.timestamp(), "failures": 0, "not_before": 0.0, "trouble": ""}
    return _replace(outbox, entry, updates=entry.updates + 1, served=entry.served or entry.serving, **done)


def deferred(outbox: Outbox, entry: Entry, seconds: float | None, reason: str, now: datetime) -> Outbox:
    """Not delivered; try again in `seconds`, or after a growing delay when the forge named none."""
    delay = seconds if seconds is not None else min(FIRST_RETRY_SECONDS * 2**entry.failures, LONGEST_RETRY_SECONDS)
    failures = min(entry.failures + 1, 10)
    return _replace(outbox, entry, failures=failures, not_before=now.timestamp() + delay, trouble=reason)


def rejected(outbox: Outbox, entry: Entry, reason: str) -> Outbox:
    """The forge will never take this status; a later verdict of the same commit is still tried once."""
    return _replace(outbox, entry, trouble=reason, given_up=True)


def forget(outbox: Outbox, mentioned: Collection[str]) -> Outbox:
    """Drops old settled entries, but never one that the delivery still mentions: it would be sent again.

    Beyond `MAX_ENTRIES`, which needs weeks of a forge that does not answer, the oldest are dropped whatever they are,
    because the outbox has to fit into one object.
    """
    settled = [e for e in outbox.entries if e.terminal and not e.is_open and e.wanted.sha not in mentioned]
    dropped = {entry.key for entry in settled[: max(0, len(settled) - KEPT_SETTLED)]}
    kept = tuple(entry for entry in outbox.entries if entry.key not in dropped)[-MAX_ENTRIES:]
    return msgspec.structs.replace(outbox, entries=kept) if len(kept) < len(outbox.entries) else outbox


def _offer_one(outbox: Outbox, outcome: Outcome, now: float) -> Outbox:
    status = outcome.status
    known = outbox.get(status.sha, status.context)
    came_back = outcome.current and outbox.running.get(status.context, status.sha) != status.sha
    if outcome.current and outbox.running.get(status.context) != status.sha:
        outbox = msgspec.structs.replace(outbox, running={**outbox.running, status.context: status.sha})
    if known is None:
        return _append(outbox, Entry(status, outcome.terminal, since=now, serving=outcome.serving))
    if known.wanted == status or not _gives_way(known, outcome, came_back):
        return outbox
    hopeless = known.given_up and not outcome.terminal
    changed = {"wanted": status, "terminal": outcome.terminal, "serving": outcome.serving, "since": now}
    return _append(outbox, msgspec.structs.replace(known, given_up=hopeless, **changed))


def _gives_way(known: Entry, outcome: Outcome, came_back: bool) -> bool:
    """Whether what is wanted may be replaced: verdicts stand against stages and against closings."""
    if not known.terminal or came_back:
        return True
    if not outcome.current or not outcome.terminal:
        return False
    return known.wanted.state is not State.SUCCESS


def _ready_at(entry: Entry) -> float:
    urgent = entry.sent is None or _is_first_verdict(entry) or (entry.serving and not entry.served)
    calm = 0.0 if urgent else entry.sent_at + COALESCE_SECONDS
    return max(calm, entry.not_before)


def _is_first_verdict(entry: Entry) -> bool:
    """A verdict may jump the queue once; rewordings of it may not."""
    return entry.terminal and (entry.sent is None or entry.sent.state is not entry.wanted.state)


def _append(outbox: Outbox, entry: Entry) -> Outbox:
    others = (other for other in outbox.entries if other.key != entry.key)
    return msgspec.structs.replace(outbox, entries=(*others, entry))


def _replace(outbox: Outbox, entry: Entry, **changes: object) -> Outbox:
    """Changes the entry where it stands; what has become wanted since it was read is kept."""
    entries = (
        msgspec.structs.replace(other, **changes) if other.key == entry.key else other for other in outbox.entries
    )
    return msgspec.structs.replace(outbox, entries=tuple(entries))
