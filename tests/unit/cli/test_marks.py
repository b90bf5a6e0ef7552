"""Which mark a status has beside it: that of the established client."""

from __future__ import annotations

import pytest

from reconciler.cli.rollouts.marks import status_text


@pytest.mark.parametrize(
    ("kind", "status", "mark"),
    [
        ("Pod", "Running", "✔"),
        ("AnalysisRun", "Running", "◌"),
        ("Experiment", "Running", "◌"),
        ("Pod", "Pending", "◌"),
        ("AnalysisRun", "Pending", "◷"),
        ("Pod", "ImagePullBackOff", "⚠"),
        ("Pod", "CreateContainerConfigError", "⚠"),
        ("Pod", "ErrImagePull", "⚠"),
        ("Pod", "Init:0/2", "◌"),
        ("Pod", "CrashLoopBackOff", "✖"),
        ("AnalysisRun", "Error", "⚠"),
        ("ReplicaSet", "ScaledDown", "•"),
        ("Rollout", "Paused", "॥"),
    ],
)
def test_a_status_is_marked_by_what_it_means_for_its_kind(kind: str, status: str, mark: str) -> None:
    assert status_text(status, kind).plain == f"{mark} {status}"
