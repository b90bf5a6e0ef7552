"""What is wrong with an Experiment is said by field, all at once, and does no harm."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from reconciler.experiments.model import decode_experiment
from reconciler.experiments.validation import problems
from tests.properties.experiment_world import Json, a_lab, a_template, an_analysis


def found(spec: Json) -> list[str]:
    return problems(decode_experiment(orjson.dumps({"metadata": {"name": "ab"}, "spec": spec})))


def a_spec(**more: Any) -> Json:
    return {"templates": [a_template("a")], **more}


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({}, "spec.templates"),
        (a_spec(templates=[a_template("")]), "spec.templates[0].name"),
        (a_spec(templates=[a_template("a"), a_template("a")]), "spec.templates"),
        (a_spec(templates=[a_template("a", selector=None)]), "spec.templates[0].selector"),
        (a_spec(templates=[a_template("a", selector={})]), "spec.templates[0].selector"),
        (a_spec(templates=[a_template("a", template=None)]), "spec.templates[0].template"),
        (a_spec(templates=[a_template("a", replicas=-1)]), "spec.templates[0].replicas"),
        (a_spec(templates=[a_template("a", minReadySeconds=601)]), "spec.templates[0].minReadySeconds"),
        (
            a_spec(templates=[a_template("a", selector={"matchLabels": {"app": "other"}})]),
            "spec.templates[0].template.metadata.labels",
        ),
        (a_spec(templates=[a_template("a", template={"spec": {"containers": 3}})]), "spec.templates[0].template.spec"),
        (a_spec(duration="soon"), "spec.duration"),
        (a_spec(duration="-1m"), "spec.duration"),
        (a_spec(progressDeadlineSeconds=0), "spec.progressDeadlineSeconds"),
        (a_spec(scaleDownDelaySeconds=-1), "spec.scaleDownDelaySeconds"),
        (a_spec(analyses=[an_analysis(""), an_analysis("")]), "spec.analyses[0].name"),
        (a_spec(analyses=[{"name": "x"}]), "spec.analyses[0].templateName"),
        (a_spec(analyses=[an_analysis(), an_analysis()]), "spec.analyses"),
        (
            a_spec(analyses=[an_analysis(args=[{"name": "h", "value": "{{templates.b.podTemplateHash}}"}])]),
            "spec.analyses[0].args[0].value",
        ),
        (a_spec(duration=5), "spec"),
    ],
)
def test_every_mistake_is_said_by_field(spec: Json, path: str) -> None:
    assert any(text.startswith(path) for text in found(spec)), found(spec)


def test_a_finish_that_is_never_known_cannot_be_an_argument() -> None:
    wanted = [an_analysis(args=[{"name": "end", "value": "{{experiment.finishedAt}}"}])]
    assert found(a_spec(analyses=wanted)) != []
    assert found(a_spec(analyses=wanted, duration="5m")) == []


def test_all_mistakes_are_said_at_once() -> None:
    lab = a_lab(templates=[a_template("a", replicas=-1)], duration="soon")
    lab.converge()
    assert (lab.status["phase"], lab.sizes) == ("Error", {})
    assert "spec.templates[0].replicas" in lab.status["message"]
    assert "spec.duration" in lab.status["message"]
    assert lab.status["conditions"][0]["type"] == "InvalidExperimentSpec"


def test_a_mended_experiment_begins() -> None:
    lab = a_lab(duration="soon")
    lab.converge()
    lab.patch("Experiment", "ab", {"spec": {"duration": "1m"}})
    lab.converge()
    assert lab.status["phase"] == "Running"
    assert [each["type"] for each in lab.status["conditions"]] == ["Progressing"]


def test_pods_of_an_experiment_that_is_spoilt_while_it_runs_go() -> None:
    lab = a_lab()
    lab.converge()
    lab.patch("Experiment", "ab", {"spec": {"duration": "soon"}})
    lab.converge()
    lab.wait(31)
    assert (lab.status["phase"], set(lab.sizes.values())) == ("Error", {0})
