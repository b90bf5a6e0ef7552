"""The phase of an Experiment, as a table over where its templates and its analyses stand (spec rollouts §9). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from reconciler.analysis.model import Phase
from reconciler.experiments.model import AnalysisStatus, ExperimentSpec, ExperimentStatus, TemplatePhase, TemplateStatus

_TEMPLATES_BEST_FIRST = (
    TemplatePhase.SUCCESSFUL,
    TemplatePhase.RUNNING,
    TemplatePhase.PROGRESSING,
    TemplatePhase.ERROR,
    TemplatePhase.FAILED,
)
_BAD_RUNS_BEST_FIRST = (Phase.INCONCLUSIVE, Phase.ERROR, Phase.FAILED)
_OF_TEMPLATES = {
    TemplatePhase.PROGRESSING: Phase.PENDING,
    TemplatePhase.RUNNING: Phase.RUNNING,
    TemplatePhase.SUCCESSFUL: Phase.SUCCESSFUL,
    TemplatePhase.ERROR: Phase.ERROR,
    TemplatePhase.FAILED: Phase.FAILED,
}
REQUIRED_DONE = "Required AnalysisRuns completed"


class Runs(Enum):
    """What the analyses say together."""

    BAD = "one failed, had an error or was inconclusive"
    REQUIRED_DONE = "all that are required were successful"
    DONE = "all were successful, none is required"
    OPEN = "some have not ended, none is required"
    REQUIRED_OPEN = "a required one has not ended"


class Side(Enum):
    TEMPLATES = "as the templates say"
    RUNS = "as the worst run says"


class Verdict(NamedTuple):
    phase: Phase
    message: str = ""


_P, _S, _R = Phase.PENDING, Phase.SUCCESSFUL, Phase.RUNNING

PHASES: dict[tuple[Phase, Runs], Phase | Side] = {
    (_P, Runs.BAD): Side.RUNS,
    (_P, Runs.REQUIRED_DONE): _S,
    (_P, Runs.DONE): Side.TEMPLATES,
    (_P, Runs.OPEN): Side.TEMPLATES,
    (_P, Runs.REQUIRED_OPEN): Side.TEMPLATES,
    (_R, Runs.BAD): Side.RUNS,
    (_R, Runs.REQUIRED_DONE): _S,
    (_R, Runs.DONE): Side.TEMPLATES,
    (_R, Runs.OPEN): Side.TEMPLATES,
    (_R, Runs.REQUIRED_OPEN): Side.TEMPLATES,
    (_S, Runs.BAD): Side.RUNS,
    (_S, Runs.REQUIRED_DONE): _S,
    (_S, Runs.DONE): _S,
    (_S, Runs.OPEN): _S,
    (_S, Runs.REQUIRED_OPEN): _R,
}
"""(what templates say, what runs say) → what the Experiment is. Templates that failed or had an error decide alone."""


def verdict(spec: ExperimentSpec, status: ExperimentStatus) -> Verdict:
    """The phase now. A phase that is complete stays."""
    if status.phase.complete:
        return Verdict(status.phase, status.message)
    template = _worst_template(status.template_statuses)
    phase = _OF_TEMPLATES[template.status or TemplatePhase.PROGRESSING]
    if phase in (Phase.FAILED, Phase.ERROR):
        return Verdict(phase, template.message)
    runs = said(spec, status)
    found, worst = PHASES[phase, runs], _worst_run(status.analysis_runs)
    if isinstance(found, Phase):
        return Verdict(found, REQUIRED_DONE if runs is Runs.REQUIRED_DONE else "")
    if found is Side.RUNS and worst:
        return Verdict(worst.phase, worst.message)
    return Verdict(phase, _waiting(template, status))


def said(spec: ExperimentSpec, status: ExperimentStatus) -> Runs:
    """What the analyses say together; one that has not begun is open."""
    if _worst_run(status.analysis_runs):
        return Runs.BAD
    required = [_phase(status, name) for name in spec.required]
    if required:
        return Runs.REQUIRED_DONE if all(map(_successful, required)) else Runs.REQUIRED_OPEN
    return Runs.DONE if all(_successful(_phase(status, each.name)) for each in spec.analyses) else Runs.OPEN


def ending(spec: ExperimentSpec, status: ExperimentStatus) -> bool:
    """Whether pods and runs have to go: somebody asked, it is over, or it is clear how it will end."""
    failed = any(each.status and each.status.bad for each in status.template_statuses)
    decided = said(spec, status) in (Runs.BAD, Runs.REQUIRED_DONE)
    return spec.terminate or status.phase.complete or failed or decided


def _worst_template(statuses: Iterable[TemplateStatus]) -> TemplateStatus:
    return max(statuses, key=lambda each: _TEMPLATES_BEST_FIRST.index(each.status or TemplatePhase.PROGRESSING))


def _worst_run(runs: Iterable[AnalysisStatus]) -> AnalysisStatus | None:
    bad = [each for each in runs if each.phase in _BAD_RUNS_BEST_FIRST]
    return max(bad, key=lambda each: _BAD_RUNS_BEST_FIRST.index(each.phase), default=None)


def _waiting(template: TemplateStatus, status: ExperimentStatus) -> str:
    """What it waits for, or what a run that has not ended cannot measure at the moment."""
    return template.message or next((each.message for each in status.analysis_runs if each.message), "")


def _phase(status: ExperimentStatus, name: str) -> Phase:
    found = status.analysis(name)
    return found.phase if found else Phase.NONE


def _successful(phase: Phase) -> bool:
    return phase is Phase.SUCCESSFUL
