"""When a completed AnalysisRun may be deleted (spec rollouts §7.3, `ttlStrategy`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.analysis.model import AnalysisRun, Phase


def expires_at(run: AnalysisRun) -> datetime | None:
    """The instant after which the run is to be deleted; None: it stays.

    A run that another engine ended before it was measured has no completion time, so that it would stay for ever.
    """
    strategy = run.spec.ttl_strategy
    completed = run.status.completed_at or run.status.started_at or run.metadata.creation_timestamp
    if strategy is None or completed is None:
        return None
    special = {
        Phase.SUCCESSFUL: strategy.seconds_after_success,
        Phase.FAILED: strategy.seconds_after_failure,
    }.get(run.status.phase)
    seconds = strategy.seconds_after_completion if special is None else special
    return None if seconds is None else completed + timedelta(seconds=seconds)
