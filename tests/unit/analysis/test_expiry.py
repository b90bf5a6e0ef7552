"""When a run may be deleted: by the first of the strategy's seconds that fits how it ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.analysis.expiry import expires_at
from reconciler.analysis.model import AnalysisRun, Phase, RunSpec, RunStatus, TtlStrategy
from reconciler.kube.objects import Meta

ENDED = datetime(2026, 1, 1, 12, tzinfo=UTC)
ALL = TtlStrategy(seconds_after_completion=10, seconds_after_success=20, seconds_after_failure=30)
LAST = TtlStrategy(seconds_after_completion=10)


@pytest.mark.parametrize(
    ("phase", "strategy", "seconds"),
    [
        (Phase.SUCCESSFUL, ALL, 20),
        (Phase.FAILED, ALL, 30),
        (Phase.ERROR, ALL, 10),
        (Phase.INCONCLUSIVE, ALL, 10),
        (Phase.SUCCESSFUL, LAST, 10),
        (Phase.FAILED, LAST, 10),
        (Phase.FAILED, TtlStrategy(seconds_after_success=5), None),
        (Phase.SUCCESSFUL, TtlStrategy(seconds_after_success=0), 0),
        (Phase.SUCCESSFUL, None, None),
    ],
)
def test_the_strategy_says_how_long_a_run_stays(
    phase: Phase, strategy: TtlStrategy | None, seconds: int | None
) -> None:
    run = AnalysisRun(spec=RunSpec(ttl_strategy=strategy), status=RunStatus(phase=phase, completed_at=ENDED))
    assert expires_at(run) == (None if seconds is None else ENDED + timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [RunStatus(Phase.ERROR, started_at=ENDED), RunStatus(Phase.ERROR)])
def test_a_run_that_ended_before_it_was_measured_does_not_stay_for_ever(status: RunStatus) -> None:
    run = AnalysisRun(metadata=Meta(creation_timestamp=ENDED), spec=RunSpec(ttl_strategy=LAST), status=status)
    assert expires_at(run) == ENDED + timedelta(seconds=10)
