"""When a metric is done: its limits in order, and the sentence that says which one ended it (spec rollouts §7.3)."""

from __future__ import annotations

from reconciler.analysis.metric import Metric
from reconciler.analysis.model import FAILING_SINCE, MetricResult, Phase


def metric_phase(metric: Metric, result: MetricResult, ending: bool) -> Phase:
    """The phase after the latest measurement; the first rule that applies decides."""
    last = result.last
    if result.phase.complete:
        return result.phase
    if last is None:
        return Phase.SUCCESSFUL if ending else Phase.PENDING
    if last.finished_at is None:
        return Phase.RUNNING
    return _tripped(metric, result) or _satisfied(metric, result) or (Phase.SUCCESSFUL if ending else Phase.RUNNING)


def _tripped(metric: Metric, result: MetricResult) -> Phase | None:
    """The limit that is exceeded; of several, Error goes before Inconclusive before Failed."""
    if result.consecutive_error > metric.consecutive_error_limit:
        return Phase.ERROR
    if result.inconclusive > metric.inconclusive_limit:
        return Phase.INCONCLUSIVE
    if 0 <= metric.failure_limit < result.failed:
        return Phase.FAILED
    return None


def _satisfied(metric: Metric, result: MetricResult) -> Phase | None:
    """Successes in a row suffice, or all measurements are taken; then it matters what had been asked for."""
    wants_successes = metric.consecutive_success_limit > 0
    if wants_successes and result.consecutive_success >= metric.consecutive_success_limit:
        return Phase.SUCCESSFUL
    if not metric.count or result.count < metric.count:
        return None
    if not wants_successes:
        return Phase.SUCCESSFUL
    return Phase.INCONCLUSIVE if metric.failure_limit >= 0 else Phase.FAILED


def trouble(metric: Metric, result: MetricResult) -> str:
    """What keeps a metric from being judged, and since when; empty while its provider answers with data."""
    last = result.last
    if result.phase.complete or last is None:
        return ""
    why = f": {last.message}" if last.message else ""
    if last.finished_at is None and why:
        since = f" since {last.started_at:%Y-%m-%dT%H:%M:%SZ}" if last.started_at else ""
        return f'no verdict on "{metric.name}"{since}{why}'
    if not result.consecutive_error:
        return ""
    since = result.metadata.get(FAILING_SINCE, "")
    return f'cannot measure "{metric.name}"{f" since {since}" if since else ""}{why}'


def reason(metric: Metric, result: MetricResult) -> str:
    """Why a metric ended badly, as `kubectl` users know it; empty for one that did not."""
    what = _broken(metric, result)
    if not what:
        return ""
    detail = f': "Error Message: {result.last.message}"' if result.last is not None and result.last.message else ""
    return f'Metric "{metric.name}" assessed {result.phase} due to {what}{detail}'


def _broken(metric: Metric, result: MetricResult) -> str:
    phase = result.phase
    if phase is Phase.ERROR:
        return (
            f"consecutiveErrors ({result.consecutive_error}) > consecutiveErrorLimit ({metric.consecutive_error_limit})"
        )
    if phase is Phase.INCONCLUSIVE and result.inconclusive > metric.inconclusive_limit:
        return f"inconclusive ({result.inconclusive}) > inconclusiveLimit ({metric.inconclusive_limit})"
    if phase is Phase.FAILED and 0 <= metric.failure_limit < result.failed:
        return f"failed ({result.failed}) > failureLimit ({metric.failure_limit})"
    if phase in (Phase.FAILED, Phase.INCONCLUSIVE):
        return (
            f"consecutiveSuccess ({result.consecutive_success}) < "
            f"consecutiveSuccessLimit ({metric.consecutive_success_limit})"
        )
    return ""
