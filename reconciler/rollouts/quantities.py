"""Numbers as users write them in Rollouts: percentages of pods, lengths of pauses."""

from __future__ import annotations

from datetime import timedelta

from reconciler.kube.durations import parse_go_duration

LONGEST_SECONDS = 2**31 - 1
"""Of any time that a Rollout names: 68 years, the greatest number that the format has for one."""


def pods_of(value: int | str, total: int, *, round_up: bool) -> int:
    """Pods that an int-or-percent stands for. Any text is read as a percentage, even "5" (spec rollouts §1.4).

    Raises ValueError when the text is no whole number.
    """
    if isinstance(value, int):
        return value
    product = int(value.strip().removesuffix("%")) * total
    return -(-product // 100) if round_up else product // 100


def pause_length(duration: int | str) -> timedelta:
    """Length of a pause step, in whole seconds (spec rollouts §1.6). Raises ValueError when it is none."""
    if isinstance(duration, int):
        return _bounded(duration)
    if duration.strip().lstrip("+-").isdigit():
        return _bounded(int(duration))
    return _bounded(int(parse_go_duration(duration).total_seconds()))


def _bounded(seconds: int) -> timedelta:
    if seconds > LONGEST_SECONDS:
        raise ValueError(f"{seconds} seconds are more than {LONGEST_SECONDS}")
    return timedelta(seconds=seconds)
