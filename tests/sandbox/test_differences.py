"""Random histories of writes, played on the sandbox and on the real server: every answer must be the same."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.sandbox.builders import differences, managers
from tests.sandbox.client import MERGE, STRATEGIC, Answer, Api
from tests.sandbox.test_definitions import DEFINITIONS, definition, is_established

pytestmark = pytest.mark.cluster
NUMBERS = itertools.count()
GROUP = "differences.example.com"
Pair = tuple[Api, Api]


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def few(values: st.SearchStrategy[Any], **key: str) -> st.SearchStrategy[list[Any]]:
    """Short lists without repetition; `by` names the key of associative ones."""
    if by := key.get("by"):
        return st.lists(values, max_size=3, unique_by=lambda item: item[by])
    return st.lists(values, max_size=3, unique=True)


LETTERS = st.sampled_from("abc")
MAPS = st.dictionaries(LETTERS, st.sampled_from(["1", "2"]), max_size=3)
STEPS = few(st.fixed_dictionaries({"name": LETTERS}, optional={"weight": st.integers(1, 2)}), by="name")
THING = some(
    size=st.integers(1, 3),
    color=st.sampled_from(["red", "blue"]),
    labels=MAPS,
    free=st.dictionaries(
        LETTERS, st.one_of(st.integers(1, 2), MAPS, st.lists(st.integers(1, 2), max_size=2)), max_size=3
    ),
    steps=STEPS,
    plain=few(LETTERS),
    tags=few(LETTERS),
    nested=some(on=st.booleans(), n=st.integers(1, 2)),
)
CONTAINERS = few(
    st.fixed_dictionaries(
        {"name": LETTERS, "image": st.sampled_from(["i:1", "i:2"])},
        optional={
            "args": few(LETTERS),
            "env": few(st.fixed_dictionaries({"name": LETTERS}, optional={"value": st.sampled_from("12")}), by="name"),
            "ports": few(
                st.fixed_dictionaries(
                    {"containerPort": st.sampled_from([80, 81])}, optional={"name": st.sampled_from(["p", "q"])}
                ),
                by="containerPort",
            ),
            "resources": some(
                limits=st.dictionaries(st.sampled_from(["cpu", "memory"]), st.sampled_from(["1", "1000m"]))
            ),
        },
    ),
    by="name",
)
CRON_JOB = some(
    schedule=st.sampled_from(["0 0 1 1 *", "0 1 1 1 *"]),
    concurrencyPolicy=st.sampled_from(["Allow", "Forbid"]),
    jobTemplate=some(
        metadata=some(labels=MAPS),
        spec=some(
            backoffLimit=st.integers(1, 2),
            template=some(spec=some(containers=CONTAINERS, restartPolicy=st.sampled_from(["Never", "OnFailure"]))),
        ),
    ),
)


def step(spec: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[tuple[Any, ...]]:
    """(how, who, forced, labels, spec): one write of a history."""
    how = st.sampled_from(["apply", "apply", "apply", "merge", "strategic", "put"])
    return st.tuples(how, st.sampled_from(["one", "two"]), st.booleans(), st.none() | MAPS, spec)


def play(api: Api, path: str, base: dict[str, Any], write: tuple[Any, ...]) -> Answer:
    how, who, forced, labels, spec = write
    body = copy.deepcopy(base) | {"spec": spec}
    if labels is not None:
        body["metadata"]["labels"] = labels
    if how == "apply":
        return api.apply(path, body, who, force=str(forced).lower())
    if how == "put":
        body["metadata"]["resourceVersion"] = api.get(path).ok()["metadata"]["resourceVersion"]
        return api.put(path, body, fieldManager=who)
    content_type = STRATEGIC if how == "strategic" else MERGE
    return api.patch(path, body, content_type, fieldManager=who)


def outcome(answer: Answer) -> dict[str, Any]:
    """What two servers must agree on: the object and its owners, or the refusal."""
    if answer.code >= 400:
        causes = [] if answer.code == 500 else answer.causes
        message = answer.message if answer.code == 409 else ""
        return {"code": answer.code, "causes": sorted(set(causes)), "message": message}
    metadata = answer.body["metadata"]
    kept = {name: metadata.get(name) for name in ("labels", "finalizers", "generation")}
    owners = {" ".join(who): fields for who, fields in managers(answer.body).items()}
    return {"code": answer.code, "metadata": kept, "spec": answer.body.get("spec"), "owners": owners}


def same_story(pair: Pair, path: str, base: dict[str, Any], history: list[tuple[Any, ...]]) -> None:
    for number, write in enumerate(history):
        left, right = (outcome(play(api, path.format(api.namespace), base, write)) for api in pair)
        assert differences(left, right) == [], f"after {history[: number + 1]}"


RULES = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def things(both: Pair) -> Iterator[Pair]:
    for api in both:
        api.post(DEFINITIONS, definition(GROUP))
        api.eventually(f"{DEFINITIONS}/things.{GROUP}", is_established)
        api.eventually(api.path("things", api=f"{GROUP}/v1"), lambda answer: answer.code == 200)
    yield both
    for api in both:
        api.delete(f"{DEFINITIONS}/things.{GROUP}")


@RULES
@given(first=THING, history=st.lists(step(THING), min_size=1, max_size=6))
def test_a_custom_object_has_the_same_history_on_both(things: Pair, first: dict[str, Any], history: list[Any]) -> None:
    name = f"a{next(NUMBERS)}"
    base = {"apiVersion": f"{GROUP}/v1", "kind": "Thing", "metadata": {"name": name}}
    path = f"/apis/{GROUP}/v1/namespaces/{{}}/things/{name}"
    whole = [(*write[:4], {"size": 1} | write[4]) for write in history]
    same_story(things, path, base, [("apply", "one", False, None, {"size": 1} | first), *whole])


@RULES
@given(first=CRON_JOB, history=st.lists(step(CRON_JOB), min_size=1, max_size=6))
def test_a_built_in_object_has_the_same_history_on_both(both: Pair, first: dict[str, Any], history: list[Any]) -> None:
    name = f"a{next(NUMBERS)}"
    base = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}}
    path = f"/apis/batch/v1/namespaces/{{}}/cronjobs/{name}"
    pods = {"spec": {"restartPolicy": "Never", "containers": [{"name": "z", "image": "i"}]}}
    whole = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": {"template": pods}}}
    same_story(both, path, base, [("apply", "base", False, None, whole), ("apply", "one", True, None, first), *history])
