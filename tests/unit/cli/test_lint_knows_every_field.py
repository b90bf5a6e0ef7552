"""`lint` takes every documented field of our kinds for known; what a pod template has beyond Kubernetes it does not."""

from __future__ import annotations

from pathlib import Path

from reconciler.cli.checks import check

EVERYTHING = Path(__file__).parents[2] / "golden" / "everything"
OF_ANOTHER_SHAPE = ("unknown field", "must be text", "must be a", "cannot be read", "no schema is known")


def test_no_documented_field_is_unknown_or_of_another_type() -> None:
    found = check(EVERYTHING)
    told = [problem.what for problem in (*found.problems, *found.warnings)]
    assert [text for text in told if any(sign in text for sign in OF_ANOTHER_SHAPE)] == [
        "Rollout everything: unknown field 'futureField' in spec.template.spec.containers[0]",
        "Rollout everything: unknown field 'anotherFutureField' in spec.template.spec",
    ]
    assert found.objects == 6
