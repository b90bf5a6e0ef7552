"""What is wrong with an experiment step is said by field, before anything is started."""

from __future__ import annotations

from typing import Any

import pytest

from tests.properties.rollout_world import Json, a_cluster


def template(**more: Any) -> Json:
    return {"name": "a", "specRef": "canary", **more}


def step(**more: Any) -> Json:
    return {"duration": "5m", "templates": [template()], **more}


def said(experiment: Json, **world: Any) -> str:
    cluster = a_cluster(steps=[{"setWeight": 90}, {"experiment": experiment}], **world)
    cluster.reconcile()
    return str(cluster.status.get("message", ""))


def test_a_step_that_makes_sense_is_taken() -> None:
    assert "InvalidSpec" not in said(step())


@pytest.mark.parametrize(
    ("experiment", "path"),
    [
        (step(templates=[]), "templates: Required"),
        (step(templates=[template(name="")]), "templates[0].name"),
        (step(templates=[template(), template()]), "names must be unique"),
        (step(templates=[template(specRef="preview")]), "templates[0].specRef"),
        (step(templates=[template(replicas=-1)]), "templates[0].replicas"),
        (step(templates=[template(weight=5)]), "a weight needs trafficRouting that can give it, such as traefik"),
        (step(duration="soon"), "duration"),
        ({"templates": [template()]}, "experiment.duration: Required"),
        (step(scaleDownDelaySeconds=-1), "scaleDownDelaySeconds"),
        (step(analyses=[{"templateName": "errors"}]), "analyses[0].name"),
        (step(analyses=[{"name": "x"}]), "analyses[0].templateName"),
        (step(analyses=[{"name": "x", "templateName": "missing"}]), '"missing" not found'),
        (
            step(
                analyses=[
                    {
                        "name": "x",
                        "templateName": "errors",
                        "args": [{"name": "a", "valueFrom": {"fieldRef": {"fieldPath": "metadata.nothing"}}}],
                    }
                ]
            ),
            "analyses[0].args[0].valueFrom.fieldRef.fieldPath",
        ),
    ],
)
def test_every_mistake_is_said_by_field(experiment: Json, path: str) -> None:
    assert path in said(experiment)


def test_weights_that_do_not_fit_beside_the_canary_are_refused() -> None:
    assert "are more than 100" in said(step(templates=[template(weight=20)]), traefik=True)
    assert "InvalidSpec" not in said(step(templates=[template(weight=10)]), traefik=True)
