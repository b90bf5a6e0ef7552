"""How a Rollout that cannot be reconciled says so (spec rollouts §1.9, §2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from reconciler.rollouts import projection
from reconciler.rollouts.conditions import INVALID
from reconciler.rollouts.intents import Intent, warning
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.status import BlueGreenStatus, CanaryStatus
from reconciler.workloads.conditions import put
from reconciler.workloads.parts import Condition


def invalid(rollout: Rollout, problems: Sequence[str], now: datetime) -> tuple[Intent, ...]:
    """The status of an invalid Rollout: the first problem where clients look for it, then all others."""
    others = f"; and: {'; '.join(problems[1:])}" if problems[1:] else ""
    message = f'The Rollout "{rollout.metadata.name}" is invalid: {problems[0]}{others}'
    condition = Condition(type=INVALID, status="True", reason=INVALID, message=message)
    before = rollout.status
    known = before.condition(INVALID)
    kept = before.conditions
    if known and known.message != message:
        kept = tuple(c for c in kept if c.type != INVALID)
    after = msgspec.structs.replace(
        before,
        observed_generation=str(rollout.metadata.generation),
        conditions=put(kept, condition, now),
        phase="Degraded",
        message=f"{INVALID}: {message}",
    )
    if not rollout.malformed:  # or else what is there may be what cannot be read
        after = msgspec.structs.replace(
            after, canary=before.canary or CanaryStatus(), blue_green=before.blue_green or BlueGreenStatus()
        )
    writes = projection.write(before, after)
    return (*writes, warning(INVALID, message)) if writes else ()


def creation_failed(rollout: Rollout, name: str, why: str, now: datetime) -> tuple[Intent, ...]:
    """The status when the API server refuses the new ReplicaSet."""
    message = f'Failed to create new replica set "{name}": {why}'
    condition = Condition(type="Progressing", status="False", reason="ReplicaSetCreateError", message=message)
    after = msgspec.structs.replace(rollout.status, conditions=put(rollout.status.conditions, condition, now))
    return (*projection.write(rollout.status, after), warning("ReplicaSetCreateError", message))
