"""The phase of an Experiment, rule by rule."""

from __future__ import annotations

import pytest

from reconciler.analysis.model import Phase
from reconciler.experiments import phases
from reconciler.experiments.model import (
    Analysis,
    AnalysisStatus,
    ExperimentSpec,
    ExperimentStatus,
    TemplatePhase,
    TemplateStatus,
)

T, R = TemplatePhase, Phase
ANALYSES = {
    "one": (Analysis(name="one"),),
    "required": (Analysis(name="one", required_for_completion=True), Analysis(name="two")),
}


def state(templates: list[TemplatePhase], analyses: str, runs: list[Phase]) -> tuple[ExperimentSpec, ExperimentStatus]:
    names = ("one", "two")
    statuses = [TemplateStatus(name=str(n), status=each, message=f"{each}!") for n, each in enumerate(templates)]
    recorded = [AnalysisStatus(name=name, phase=phase) for name, phase in zip(names, runs, strict=False)]
    return (
        ExperimentSpec(analyses=ANALYSES[analyses]),
        ExperimentStatus(template_statuses=tuple(statuses), analysis_runs=tuple(recorded)),
    )


@pytest.mark.parametrize(
    ("templates", "analyses", "runs", "expected"),
    [
        ([T.RUNNING, T.PROGRESSING], "one", [], R.PENDING),
        ([T.RUNNING, T.RUNNING], "one", [R.RUNNING], R.RUNNING),
        ([T.RUNNING, T.RUNNING], "one", [R.SUCCESSFUL], R.RUNNING),
        ([T.RUNNING, T.RUNNING], "one", [R.INCONCLUSIVE], R.INCONCLUSIVE),
        ([T.RUNNING, T.RUNNING], "required", [R.SUCCESSFUL, R.RUNNING], R.SUCCESSFUL),
        ([T.RUNNING, T.RUNNING], "required", [R.SUCCESSFUL, R.FAILED], R.FAILED),
        ([T.RUNNING, T.RUNNING], "required", [R.RUNNING, R.SUCCESSFUL], R.RUNNING),
        ([T.PROGRESSING, T.RUNNING], "one", [R.ERROR], R.ERROR),
        ([T.SUCCESSFUL, T.SUCCESSFUL], "one", [R.RUNNING], R.SUCCESSFUL),
        ([T.SUCCESSFUL, T.SUCCESSFUL], "one", [], R.SUCCESSFUL),
        ([T.SUCCESSFUL, T.SUCCESSFUL], "one", [R.FAILED], R.FAILED),
        ([T.SUCCESSFUL, T.SUCCESSFUL], "required", [R.RUNNING, R.RUNNING], R.RUNNING),
        ([T.SUCCESSFUL, T.SUCCESSFUL], "required", [R.SUCCESSFUL, R.RUNNING], R.SUCCESSFUL),
        ([T.SUCCESSFUL, T.SUCCESSFUL], "required", [R.INCONCLUSIVE, R.ERROR], R.ERROR),
        ([T.SUCCESSFUL, T.FAILED], "required", [R.SUCCESSFUL, R.SUCCESSFUL], R.FAILED),
        ([T.ERROR, T.FAILED], "one", [R.INCONCLUSIVE], R.FAILED),
        ([T.ERROR, T.RUNNING], "one", [R.FAILED], R.ERROR),
    ],
)
def test_the_phase_follows_from_templates_and_runs(
    templates: list[TemplatePhase], analyses: str, runs: list[Phase], expected: Phase
) -> None:
    assert phases.verdict(*state(templates, analyses, runs)).phase is expected


def test_the_table_has_an_answer_for_every_case() -> None:
    of_templates = (R.PENDING, R.RUNNING, R.SUCCESSFUL)
    assert set(phases.PHASES) == {(phase, runs) for phase in of_templates for runs in phases.Runs}


def test_a_phase_that_is_complete_stays() -> None:
    spec, status = state([T.FAILED], "one", [R.FAILED])
    ended = ExperimentStatus(phase=R.SUCCESSFUL, template_statuses=status.template_statuses)
    assert phases.verdict(spec, ended).phase is R.SUCCESSFUL


def test_the_template_that_decides_gives_the_reason() -> None:
    assert phases.verdict(*state([T.SUCCESSFUL, T.FAILED], "one", [])).message == "Failed!"


def test_required_runs_that_succeeded_are_named_as_the_reason() -> None:
    found = phases.verdict(*state([T.RUNNING], "required", [R.SUCCESSFUL]))
    assert found.message == "Required AnalysisRuns completed"
