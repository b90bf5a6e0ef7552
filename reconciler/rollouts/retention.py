"""Which finished runs and Experiments are kept (spec rollouts §2.8, §7.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from reconciler.analysis.model import HASH_LABEL, Phase
from reconciler.kube.objects import Meta
from reconciler.rollouts import defaults
from reconciler.rollouts.snapshot import World


class _Status(Protocol):
    @property
    def phase(self) -> Phase: ...


class Finished(Protocol):
    """An AnalysisRun, or an Experiment."""

    @property
    def metadata(self) -> Meta: ...

    @property
    def status(self) -> _Status: ...


T = TypeVar("T", bound=Finished)


def surplus(world: World, done: Iterable[T]) -> list[T]:
    """Those of versions that are gone, and those beyond the history limits, oldest first."""
    known = {rs.hash for rs in world.replica_sets if rs.metadata.deletion_timestamp is None}
    found = list(done)
    gone = [each for each in found if each.metadata.labels.get(HASH_LABEL) not in known]
    left = [each for each in found if each.metadata.labels.get(HASH_LABEL) in known]
    limits = world.rollout.spec.analysis
    good = [each for each in left if each.status.phase is Phase.SUCCESSFUL]
    bad = [each for each in left if each.status.phase is not Phase.SUCCESSFUL]
    gone += _beyond(good, limits.successful_run_history_limit if limits else None)
    gone += _beyond(bad, limits.unsuccessful_run_history_limit if limits else None)
    return [each for each in gone if each.metadata.deletion_timestamp is None]


def _beyond(found: list[T], limit: int | None) -> list[T]:
    newest_first = sorted(found, key=lambda each: str(each.metadata.creation_timestamp), reverse=True)
    return newest_first[defaults.RUN_HISTORY_LIMIT if limit is None else max(0, limit) :]
