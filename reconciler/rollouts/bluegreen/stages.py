"""A blue-green update in stages, as people follow it: they stand where a canary has its steps. Read from the status."""

from __future__ import annotations

from reconciler.analysis.model import Phase
from reconciler.rollouts.status import BlueGreenStatus, RolloutStatus
from reconciler.rollouts.strategy_model import BlueGreen


def texts(config: BlueGreen) -> tuple[str, ...]:
    """What an update of this Rollout goes through, in order."""
    return tuple(text for text, _ in _stages(config, RolloutStatus()))


def done(config: BlueGreen, status: RolloutStatus) -> int:
    """How many are completed: all once the version is stable, none after an abort."""
    stages = _stages(config, status)
    if status.stable_rs and status.stable_rs == status.current_pod_hash:
        return len(stages)
    return 0 if status.abort else sum(completed for _, completed in stages)


def _stages(config: BlueGreen, status: RolloutStatus) -> list[tuple[str, bool]]:
    """Each with whether it is completed; the later ones speak for the earlier."""
    told = status.blue_green or BlueGreenStatus()
    judged, pause = told.pre_promotion_analysis_run_status, _pause(config)
    serves = bool(told.active_selector) and told.active_selector == status.current_pod_hash
    passed = serves or told.scale_up_preview_check_point
    stages = [
        ("preview", passed or judged is not None or bool(status.pause_conditions)),
        ("pre-promotion analysis", passed or (judged is not None and judged.status == Phase.SUCCESSFUL)),
        (pause, passed),
        ("cutover", serves),
        ("post-promotion analysis", False),
    ]
    unused = {
        "pre-promotion analysis": config.pre_promotion_analysis is None,
        pause: not pause,
        "post-promotion analysis": config.post_promotion_analysis is None,
    }
    return [stage for stage in stages if not unused.get(stage[0])]


def _pause(config: BlueGreen) -> str:
    """Written as a canary's step: one with a length ends by itself."""
    if config.auto_promotion_enabled is False:
        return "pause"
    return f"pause: {config.auto_promotion_seconds}s" if config.auto_promotion_seconds else ""
