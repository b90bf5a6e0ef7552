"""The page of an engine without Applications: its Rollouts, those that need a look first, and its Experiments. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.apps.delivery import WorkloadProgress
from reconciler.experiments.model import Experiment
from reconciler.web.release import Trial, trial
from reconciler.web.workloads import Workload, workload

MOST_SHOWN = 100
_URGENCY = ("bad", "held", "busy", "unknown", "good")
_WORDS = {"bad": "failing", "held": "waiting", "busy": "in motion", "unknown": "unknown", "good": "healthy"}


@dataclass(frozen=True, slots=True)
class Listing:
    """`tally` has the tone and the words of each part of the sum; `more` is how many are not shown.

    `trials`: Experiments that nobody owns, and those of Rollouts while they run; what is over comes last.
    """

    workloads: tuple[Workload, ...]
    tally: tuple[tuple[str, str], ...]
    more: int
    trials: tuple[Trial, ...] = ()


def listing(found: Iterable[WorkloadProgress], experiments: Iterable[Experiment] = ()) -> Listing:
    shown = sorted(map(workload, found), key=lambda work: (_URGENCY.index(work.tone), work.namespace, work.title))
    tones = Counter(work.tone for work in shown)
    tally = tuple((tone, f"{tones[tone]} {_WORDS[tone]}") for tone in _URGENCY if tones[tone])
    return Listing(tuple(shown[:MOST_SHOWN]), tally, max(0, len(shown) - MOST_SHOWN), _trials(experiments))


def _trials(experiments: Iterable[Experiment]) -> tuple[Trial, ...]:
    newest = sorted(experiments, key=lambda each: str(each.metadata.creation_timestamp), reverse=True)
    ordered = sorted(newest, key=lambda each: each.status.phase.complete)
    kept = [each for each in ordered if not (each.metadata.controller and each.status.phase.complete)]
    return tuple(map(trial, kept[:MOST_SHOWN]))
