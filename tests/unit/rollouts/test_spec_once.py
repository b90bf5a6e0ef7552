from __future__ import annotations

import msgspec

from reconciler.rollouts.model import RolloutSpec


def test_what_was_worked_out_about_a_spec_is_not_worked_out_again() -> None:
    spec, asked = RolloutSpec(replicas=3), []
    answers = [spec.once("size", lambda: asked.append(1) or spec.replicas) for _ in range(3)]  # type: ignore[func-returns-value]
    assert (answers, len(asked)) == ([3, 3, 3], 1)


def test_another_spec_knows_nothing_of_it_and_equality_does_not_either() -> None:
    spec = RolloutSpec(replicas=3)
    spec.once("size", lambda: 3)
    assert msgspec.structs.replace(spec, replicas=4).once("size", lambda: 4) == 4
    assert spec == RolloutSpec(replicas=3)
