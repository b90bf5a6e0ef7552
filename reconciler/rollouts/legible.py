"""What stands in a status and cannot be counted with is replaced before anything is decided by it.

Anybody may write a status: a script, another engine, a person in a hurry. A time that is none counts from now, so that
a pause is never shorter than it was meant, and the text is replaced in the status, where other clients stumble over it
as well.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

import msgspec

from reconciler.analysis.model import Phase
from reconciler.rollouts.status import (
    BlueGreenStatus,
    CanaryStatus,
    DurationRecord,
    PauseCondition,
    RolloutStatus,
    RunReference,
    StepPluginStatus,
)
from reconciler.rollouts.step_plugins import records
from reconciler.workloads.parts import Condition
from reconciler.workloads.times import readable, stamp, stamp_not_before

T = TypeVar("T", str, str | None)
_PHASES = frozenset(Phase)


def mended(status: RolloutStatus, now: datetime) -> RolloutStatus:
    """The status as it can be reckoned with: equal to what was given, unless something in it makes no sense."""
    pauses = status.pause_conditions
    return msgspec.structs.replace(
        status,
        conditions=tuple(_condition(each, now) for each in status.conditions),
        pause_conditions=None if pauses is None else tuple(_pause(each, now) for each in pauses),
        aborted_at=_time(status.aborted_at, stamp(now)),
        restarted_at=readable(status.restarted_at),
        canary=_canary(status.canary, now) if status.canary else status.canary,
        blue_green=_blue_green(status.blue_green) if status.blue_green else status.blue_green,
        duration=_duration(status.duration, now) if status.duration else status.duration,
    )


def _time(text: T, otherwise: str) -> T | str:
    """Nothing stays nothing."""
    return text if not text or readable(text) else otherwise


def _condition(found: Condition, now: datetime) -> Condition:
    updated, changed = (_time(each, stamp(now)) for each in (found.last_update_time, found.last_transition_time))
    return msgspec.structs.replace(found, last_update_time=updated, last_transition_time=changed)


def _pause(found: PauseCondition, now: datetime) -> PauseCondition:
    began = readable(found.start_time) or stamp_not_before(now)
    return msgspec.structs.replace(found, start_time=began)


def _canary(found: CanaryStatus, now: datetime) -> CanaryStatus:
    return msgspec.structs.replace(
        found,
        current_step_analysis_run_status=_run(found.current_step_analysis_run_status),
        current_background_analysis_run_status=_run(found.current_background_analysis_run_status),
        step_plugin_statuses=tuple(_plugin(each, now) for each in found.step_plugin_statuses),
    )


def _blue_green(found: BlueGreenStatus) -> BlueGreenStatus:
    return msgspec.structs.replace(
        found,
        pre_promotion_analysis_run_status=_run(found.pre_promotion_analysis_run_status),
        post_promotion_analysis_run_status=_run(found.post_promotion_analysis_run_status),
    )


def _run(found: RunReference | None) -> RunReference | None:
    """A phase that there is not is one that was not seen yet."""
    return found if found is None or found.status in _PHASES else msgspec.structs.replace(found, status=Phase.NONE)


def _plugin(found: StepPluginStatus, now: datetime) -> StepPluginStatus:
    if records.finished(found):
        return found
    return msgspec.structs.replace(
        found,
        started_at=_time(found.started_at, stamp(now)),
        updated_at=readable(found.updated_at) or stamp_not_before(now),
        backoff=found.backoff if records.is_backoff(found.backoff) else records.USUAL_BACKOFF,
    )


def _duration(found: DurationRecord, now: datetime) -> DurationRecord:
    """An update whose beginning nobody knows has no length."""
    return msgspec.structs.replace(
        found,
        rollout_started_at=readable(found.rollout_started_at),
        manual_pause_started_at=readable(found.manual_pause_started_at),
        finished_at=_time(found.finished_at, stamp(now)),
    )
