"""The replay that holds end-to-end runs against the invariants sees what breaks them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.workloads import keys
from reconciler.workloads.template_hash import pod_template_hash
from reconciler.workloads.times import stamp_not_before
from tests.e2e import invariants
from tests.properties.invariants import Broken
from tests.properties.rollout_world import START, template

Json = dict[str, Any]
Make = Callable[..., Json]


@pytest.fixture
def at() -> Make:
    """An object at the next resourceVersion."""
    versions = itertools.count(1)

    def make(kind: str, name: str, **body: Any) -> Json:
        metadata = {"name": name, "resourceVersion": str(next(versions)), "generation": 1, **body.pop("metadata", {})}
        return {"kind": kind, "metadata": metadata, **body}

    return make


def check(history: Iterable[Json]) -> int:
    """One write a second."""
    return invariants.check("shop", [invariants.Version(_at(each), each, "gone" in each) for each in history])


def _at(each: Json) -> datetime:
    return START + timedelta(seconds=int(each["metadata"]["resourceVersion"]))


def replica_set(at: Make, pod_hash: str, replicas: int, available: int, goes_after: int | None = None) -> Json:
    deadline = {} if goes_after is None else {keys.DEADLINE: stamp_not_before(START + timedelta(seconds=goes_after))}
    metadata = {"labels": {keys.HASH: pod_hash}, "annotations": deadline}
    status = {"availableReplicas": available, "observedGeneration": 1}
    return at("ReplicaSet", f"shop-{pod_hash}", metadata=metadata, spec={"replicas": replicas}, status=status)


def service(at: Make, name: str, pod_hash: str) -> Json:
    return at("Service", name, spec={"selector": {keys.HASH: pod_hash}})


def weights(at: Make, canary: int) -> Json:
    services = [{"name": "shop-canary", "weight": canary}, {"name": "shop-stable", "weight": 100 - canary}]
    return at("TraefikService", "shop", spec={"weighted": {"services": services}})


def begun(at: Make) -> list[Json]:
    """Four stable pods get all traffic."""
    routing = {"traefik": {"weightedTraefikServiceName": "shop"}}
    spec = {"replicas": 4, "strategy": {"canary": {"trafficRouting": routing}}}
    rollout = at("Rollout", "shop", spec=spec, status={"stableRS": "old"})
    services = [service(at, name, "old") for name in ("shop-stable", "shop-canary")]
    return [rollout, replica_set(at, "old", 4, 4), *services, weights(at, 0)]


def test_a_canary_that_gets_pods_before_traffic_breaks_nothing(at: Make) -> None:
    history = [*begun(at), replica_set(at, "new", 0, 0), replica_set(at, "new", 1, 0), replica_set(at, "new", 1, 1)]
    history += [service(at, "shop-canary", "new"), weights(at, 25)]
    assert check(history) == 3
    assert check(reversed(history)) == 3, "the order of writes counts, not that of watches"


def test_traffic_to_a_version_without_pods_is_seen(at: Make) -> None:
    history = [*begun(at), replica_set(at, "new", 1, 0), service(at, "shop-canary", "new"), weights(at, 25)]
    with pytest.raises(Broken, match="has no pods"):
        check(history)


def test_stable_pods_that_go_before_others_are_there_are_seen(at: Make) -> None:
    with pytest.raises(Broken, match="must stay"):
        check([*begun(at), replica_set(at, "old", 1, 4)])


def test_a_service_that_goes_back_and_forth_is_seen_unless_somebody_acted(at: Make) -> None:
    ready = [*begun(at), replica_set(at, "new", 4, 4), service(at, "shop-canary", "new")]
    running = at("AnalysisRun", "judge", status={"phase": "Running"})
    failed = at("AnalysisRun", "judge", status={"phase": "Failed"})
    back = service(at, "shop-canary", "old")
    with pytest.raises(Broken, match="flaps"):
        check([*ready, back])
    assert check([*ready, running, failed, back]) == 2


OLD, NEW = (pod_template_hash(template(f"img:{version}"), None) for version in (1, 2))


def blue_green(at: Make, version: int, stable: str = OLD, generation: int = 1) -> Json:
    strategy = {"blueGreen": {"activeService": "live", "previewService": "next"}}
    spec = {"replicas": 4, "strategy": strategy, "template": template(f"img:{version}")}
    return at("Rollout", "shop", metadata={"generation": generation}, spec=spec, status={"stableRS": stable})


def endpoints(at: Make, service: str, ready: int) -> Json:
    labels = {"labels": {"kubernetes.io/service-name": service}}
    return at("EndpointSlice", f"{service}-1", metadata=labels, endpoints=[{"conditions": {"ready": True}}] * ready)


def previewed(at: Make, available: int) -> list[Json]:
    """The first version is live with all its pods; of the second, in the preview, so many are `available`."""
    services = [service(at, name, OLD) for name in ("live", "next")]
    story = [blue_green(at, 1), replica_set(at, OLD, 4, 4), *services, endpoints(at, "live", 4)]
    story += [blue_green(at, 2, generation=2), replica_set(at, NEW, 0, 0), service(at, "next", NEW)]
    return [*story, replica_set(at, NEW, 4, 0), replica_set(at, NEW, 4, available)]


def test_a_cutover_to_a_whole_version_and_its_scale_down_delay_break_nothing(at: Make) -> None:
    story = [*previewed(at, 4), service(at, "live", NEW), endpoints(at, "live", 4), blue_green(at, 2, NEW, 2)]
    story += [replica_set(at, OLD, 4, 4, goes_after=13), replica_set(at, OLD, 0, 4, goes_after=13)]
    assert check(story) == 5


def test_a_cutover_to_a_version_that_is_not_whole_is_seen(at: Make) -> None:
    with pytest.raises(Broken, match="takes over with 3 of 4"):
        check([*previewed(at, 3), service(at, "live", NEW)])


def test_what_served_before_and_goes_within_its_delay_is_seen(at: Make) -> None:
    story = [*previewed(at, 4), service(at, "live", NEW), blue_green(at, 2, NEW, 2)]
    with pytest.raises(Broken, match="before its time of grace"):
        check([*story, replica_set(at, OLD, 4, 4, goes_after=45), replica_set(at, OLD, 0, 4, goes_after=45)])


def test_what_serves_and_is_scaled_down_is_seen(at: Make) -> None:
    with pytest.raises(Broken, match="serves, and is scaled from 4 to 1"):
        check([*previewed(at, 4), service(at, "live", NEW), replica_set(at, NEW, 1, 4)])


def test_production_traffic_that_loses_endpoints_is_seen_and_a_preview_that_does_is_not(at: Make) -> None:
    story = [*previewed(at, 4), endpoints(at, "next", 4), endpoints(at, "next", 0)]
    assert check(story) == 2
    with pytest.raises(Broken, match="live gets 100 %, which needs 4 endpoints: of 4 it keeps 3"):
        check([*story, endpoints(at, "live", 3)])


def test_what_is_deleted_with_its_rollout_may_go_and_a_service_with_traffic_may_not(at: Make) -> None:
    story = [*previewed(at, 4), {**blue_green(at, 2), "gone": True}]
    assert check([*story, endpoints(at, "live", 0), replica_set(at, OLD, 0, 4)]) == 2
    with pytest.raises(Broken, match="live is deleted while"):
        check([*previewed(at, 4), {**service(at, "live", OLD), "gone": True}])
