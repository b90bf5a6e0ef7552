"""The kinds that we define, on an API server: every documented field is kept, and what the format promises holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.client import Api
from tests.sandbox.conftest import own_namespace, real_api
from tests.sandbox.test_definitions import DEFINITIONS, is_established

ROOT = Path(__file__).parents[2]
GROUP = "argoproj.io/v1alpha1"
GOLDEN = {
    f"{file.stem}: {body['kind']}": body
    for file in sorted((ROOT / "tests" / "golden" / "everything").glob("*.yaml"))
    for document in yaml.safe_load_all(file.read_text())
    for body in document.get("items", [document])
}
WRITTEN_BY_SUBRESOURCE = ("Rollout",)


@pytest.fixture
def served(api: Api) -> Api:
    return with_our_kinds(api)


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Iterator[Api]:
    """The real server alone: the sandbox keeps rules in CEL and says that it does not evaluate them."""
    for api in own_namespace(real_api(request)):
        yield with_our_kinds(api)


def with_our_kinds(api: Api) -> Api:
    """The API server, and our definitions in it."""
    for file in sorted((ROOT / "manifests" / "crds").glob("*s.yaml")):
        body = yaml.safe_load(file.read_text())
        path = f"{DEFINITIONS}/{body['metadata']['name']}"
        api.apply(path, body, force="true").ok()
        api.eventually(path, is_established)
        plural = body["spec"]["names"]["plural"]
        api.eventually(api.path(plural, api=GROUP, namespace=""), lambda answer: answer.code == 200)
    return api


def path_of(api: Api, body: dict[str, Any], name: str = "", sub: str = "") -> str:
    plural = body["kind"].lower() + "s"
    namespace = "" if body["kind"].startswith("Cluster") else None
    return api.path(plural, name, GROUP, sub, namespace)


def stored(api: Api, body: dict[str, Any]) -> dict[str, Any]:
    """The object as the server has it after it was created, with its status written the way its kind wants it."""
    name = body["metadata"]["name"]
    made = api.post(path_of(api, body), body).ok()
    if "status" in body and body["kind"] in WRITTEN_BY_SUBRESOURCE:
        made = api.patch(path_of(api, body, name, "status"), {"status": body["status"]}).ok()
    return made


@pytest.fixture
def tidy(served: Api) -> Iterator[Api]:
    """Cluster-scoped objects are gone afterwards."""
    yield served
    for body in GOLDEN.values():
        if body["kind"].startswith("Cluster"):
            served.delete(path_of(served, body, body["metadata"]["name"]))


@pytest.mark.parametrize("body", GOLDEN.values(), ids=GOLDEN)
def test_every_documented_field_is_kept_as_it_was_written(tidy: Api, body: dict[str, Any]) -> None:
    found = stored(tidy, body)
    assert found["spec"] == body["spec"]
    assert found.get("status") == body.get("status")


def unwritten(schema: dict[str, Any], values: list[Any], path: str = "") -> Iterator[str]:
    """Fields of a schema that none of these values at its place has."""
    objects = [value for value in values if isinstance(value, dict)]
    for name, inner in schema.get("properties", {}).items():
        found = [value[name] for value in objects if name in value]
        if not found:
            yield f"{path}.{name}"
        yield from unwritten(inner, found, f"{path}.{name}") if found else ()
    if isinstance(inner := schema.get("additionalProperties"), dict):
        yield from unwritten(inner, [each for value in objects for each in value.values()], f"{path}.*")
    if isinstance(inner := schema.get("items"), dict):
        yield from unwritten(inner, [each for value in values if isinstance(value, list) for each in value], path)


def schema_of(kind: str) -> dict[str, Any]:
    definition = yaml.safe_load((ROOT / "manifests" / "crds" / f"{kind.lower()}s.yaml").read_text())
    found: dict[str, Any] = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


@pytest.mark.parametrize("kind", sorted({body["kind"] for body in GOLDEN.values()}))
def test_the_manifests_have_every_field_of_the_definitions(kind: str) -> None:
    written = [body for body in GOLDEN.values() if body["kind"] == kind]
    assert list(unwritten(schema_of(kind), written)) == []


def a_rollout(name: str = "shop", **spec: Any) -> dict[str, Any]:
    body = GOLDEN["rollout-blue-green: Rollout"]
    return {**body, "metadata": {"name": name}, "spec": {**body["spec"], "replicas": 3, **spec}}


def test_a_rollout_is_scaled_through_its_scale_subresource(served: Api) -> None:
    body = a_rollout()
    stored(served, body)
    rollout, scale = path_of(served, body, "shop"), path_of(served, body, "shop", "scale")
    served.patch(f"{rollout}/status", {"status": {"HPAReplicas": 2, "selector": "app=shop"}}).ok()
    read = served.get(scale).ok()
    assert (read["spec"], read["status"]) == ({"replicas": 3}, {"replicas": 2, "selector": "app=shop"})
    served.patch(scale, {"spec": {"replicas": 5}}).ok()
    read["spec"]["replicas"] = 6
    read["metadata"].pop("resourceVersion")
    served.put(scale, read).ok()
    assert served.get(rollout).ok()["spec"]["replicas"] == 6


@pytest.mark.cluster
def test_the_selector_of_a_rollout_cannot_be_changed(real: Api) -> None:
    body = a_rollout()
    stored(real, body)
    changed = {"spec": {"selector": {"matchLabels": {"app": "other"}}}}
    answer = real.patch(path_of(real, body, "shop"), changed)
    assert (answer.code, answer.causes) == (422, [("FieldValueInvalid", "spec.selector")])
    assert "selector is immutable" in answer.message
    real.patch(path_of(real, body, "shop"), {"spec": {"selector": body["spec"]["selector"], "paused": True}}).ok()


def test_typing_mistakes_are_dropped_but_not_those_in_a_pod_template(served: Api) -> None:
    body = a_rollout(replicasss=5)
    body["spec"]["template"] = {"spec": {"containers": [{"name": "a", "imagee": "x"}], "hostNetworkk": True}}
    spec = stored(served, body)["spec"]
    assert "replicasss" not in spec
    assert spec["template"] == body["spec"]["template"]
    answer = served.post(path_of(served, body), a_rollout("strict", replicasss=5), fieldValidation="Strict")
    assert (answer.code, 'unknown field "spec.replicasss"' in answer.message) == (400, True)


def test_only_a_datadog_metric_has_defaults(served: Api) -> None:
    metrics = [{"name": "d", "provider": {"datadog": {"query": "q"}}}, {"name": "w", "provider": {"web": {"url": "u"}}}]
    body = {"apiVersion": GROUP, "kind": "AnalysisTemplate", "metadata": {"name": "t"}, "spec": {"metrics": metrics}}
    providers = [metric["provider"] for metric in stored(served, body)["spec"]["metrics"]]
    assert providers[0]["datadog"] == {"query": "q", "apiVersion": "v1", "interval": "5m", "requestTimeout": "10s"}
    assert providers[1] == {"web": {"url": "u"}}
    body = a_rollout()
    assert stored(served, body)["spec"] == body["spec"]


COLUMNS = {
    "Rollout": ["Name", "Desired", "Current", "Up-to-date", "Available", "Age"],
    "AnalysisRun": ["Name", "Status", "Age"],
    "AnalysisTemplate": ["Name", "Age"],
    "ClusterAnalysisTemplate": ["Name", "Age"],
    "Experiment": ["Name", "Status", "Age"],
}


@pytest.mark.parametrize("body", GOLDEN.values(), ids=GOLDEN)
def test_lists_have_the_columns_that_people_know(tidy: Api, body: dict[str, Any]) -> None:
    stored(tidy, body)
    table = as_table(tidy, path_of(tidy, body))
    assert [column["name"] for column in table["columnDefinitions"]] == COLUMNS[body["kind"]]
    cells = next(row["cells"] for row in table["rows"] if row["cells"][0] == body["metadata"]["name"])
    expected = {"everything: Rollout": [4, 5, 1, 4], "AnalysisRun": ["Failed"], "Experiment": ["Running"]}
    wanted = expected.get(f"{body['metadata']['name']}: {body['kind']}", expected.get(body["kind"], []))
    assert cells[1 : 1 + len(wanted)] == wanted


def as_table(api: Api, path: str) -> dict[str, Any]:
    """What kubectl asks for and prints."""
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    answer = api.pool.request("GET", f"{api.url}{path}", headers=api.headers(accept=accept))
    table: dict[str, Any] = answer.json()
    assert table["kind"] == "Table"
    return table
