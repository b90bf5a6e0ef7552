"""Numbers as users write them: percentages of pods, lengths of pauses (spec rollouts §1.4, §1.6)."""

from __future__ import annotations

import pytest

from reconciler.rollouts.quantities import pause_length, pods_of


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [(30, 30), (0, 0), ("20", 20), ("1h30m", 5400), ("500ms", 0), ("1500ms", 1), ("-1s", -1), ("-5", -5), (-5, -5)],
)
def test_a_pause_lasts_whole_seconds(duration: int | str, seconds: int) -> None:
    assert pause_length(duration).total_seconds() == seconds


@pytest.mark.parametrize("duration", ["", "soon", "1.5", "5 m", "20%"])
def test_other_texts_are_no_length(duration: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        pause_length(duration)


@pytest.mark.parametrize(
    ("value", "up", "down"),
    [(3, 3, 3), (0, 0, 0), ("25%", 3, 2), ("25", 3, 2), (" 25% ", 3, 2), ("0%", 0, 0), ("100%", 10, 10), ("1%", 1, 0)],
)
def test_any_text_is_a_percentage(value: int | str, up: int, down: int) -> None:
    assert (pods_of(value, 10, round_up=True), pods_of(value, 10, round_up=False)) == (up, down)


@pytest.mark.parametrize("value", ["", "%", "many", "2.5%"])
def test_a_percentage_is_a_whole_number(value: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        pods_of(value, 10, round_up=True)
