"""Laws of every Experiment, whatever happens to it and whenever the process is killed."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.experiment_world import Lab, a_lab, a_template, an_analysis

ENDED = ("Successful", "Failed", "Error", "Inconclusive")


def _verdict(phase: str) -> Callable[[Lab], None]:
    return lambda lab: lab.verdicts.update({"ab-errors": phase, "ab-more": "Successful"})


def _terminate(lab: Lab) -> None:
    lab.patch("Experiment", "ab", {"spec": {"terminate": True}})


def _break(name: str) -> Callable[[Lab], None]:
    return lambda lab: lab.broken.symmetric_difference_update({name})


def _forget_run(lab: Lab) -> None:
    lab.objects.pop(("AnalysisRun", "ab-errors"), None)


HAPPENINGS: dict[str, Callable[[Lab], None]] = {
    **{f"the run is {phase}": _verdict(phase) for phase in ENDED},
    "terminate": _terminate,
    "pods of a": _break("ab-a"),
    "pods of b": _break("ab-b"),
    "pods come and go": lambda lab: lab.play() and None,
    "somebody deletes the run": _forget_run,
    "a minute": lambda lab: lab.wait(60),
    "ten minutes": lambda lab: lab.wait(600),
    "nothing": lambda lab: None,
}

moves = st.lists(
    st.tuples(st.sampled_from(sorted(HAPPENINGS)), st.none() | st.integers(min_value=0, max_value=6)), max_size=12
)


@st.composite
def labs(draw: st.DrawFn) -> Lab:
    required = draw(st.booleans())
    service = {"service": {"name": "side"}} if draw(st.booleans()) else {}
    spec = {"duration": "5m"} if draw(st.booleans()) else {}
    delay = draw(st.sampled_from([0, 30]))
    analyses = [an_analysis(requiredForCompletion=required), an_analysis("more")][: draw(st.integers(0, 2))]
    templates = [a_template("a", replicas=2, **service), a_template("b")]
    return a_lab(*analyses, templates=templates, scaleDownDelaySeconds=delay, **spec)


@settings(max_examples=120, deadline=None)
@given(labs(), moves)
def test_an_experiment_keeps_its_laws(lab: Lab, history: list[tuple[str, int | None]]) -> None:
    ended: list[tuple[str, str]] = []
    for happening, killed_after in history:
        HAPPENINGS[happening](lab)
        assert lab.decide() == lab.decide(), "a decision depends on something else than what it is given"
        lab.reconcile(stop_after=killed_after)
        ended = _stays_ended(lab, ended)
    lab.converge()
    assert not lab.decide().intents, "a second reconcile writes again"
    _stays_ended(lab, ended)
    if lab.status["phase"] in ENDED:
        _nothing_is_left(lab)


def _stays_ended(lab: Lab, before: list[tuple[str, str]]) -> list[tuple[str, str]]:
    phase, message = lab.status.get("phase", ""), lab.status.get("message", "")
    assert not before or before == [(phase, message)], "what had ended did not stay so"
    return [(phase, message)] if phase in ENDED else []


def _nothing_is_left(lab: Lab) -> None:
    lab.wait(31)
    assert set(lab.sizes.values()) <= {0}
    assert lab.names("Service") == []
    runs = [lab.objects["AnalysisRun", name] for name in lab.names("AnalysisRun")]
    assert all(run["spec"].get("terminate") or run["status"]["phase"] in ENDED for run in runs)
