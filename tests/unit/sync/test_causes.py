from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.apps.delivery import Health
from reconciler.apps.record import Key
from reconciler.errors import Refused
from reconciler.kube.objects import Meta
from reconciler.sync.causes import LOOK_AGAIN, PATIENCE, look, why
from reconciler.sync.live import LiveObject

T0 = datetime(2026, 1, 1, tzinfo=UTC)
WEB = Key("apps", "Deployment", "shop", "web")


def pod(name: str, waiting: str = "", made: str = "2026-01-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": waiting, "message": "no such image"}} if waiting else {}
    status = {"phase": "Pending", "containerStatuses": [{"name": "app", "state": state}], **more}
    return {"metadata": {"name": name, "creationTimestamp": made}, "spec": {}, "status": status}


def test_the_newest_unready_pod_tells_why() -> None:
    old = pod("old", "CrashLoopBackOff")
    new = pod("new", "ImagePullBackOff", made="2026-01-02T00:00:00Z")
    assert why([old, new]) == "pod new: container app: ImagePullBackOff: no such image"


def test_a_pod_without_a_node_tells_what_the_scheduler_said() -> None:
    waiting = {"type": "PodScheduled", "status": "False", "message": "0/2 nodes have enough memory"}
    assert why([pod("a", conditions=[waiting])]) == "pod a: 0/2 nodes have enough memory"


def test_pods_that_are_ready_or_just_starting_say_nothing() -> None:
    ready = pod("a", "CrashLoopBackOff", conditions=[{"type": "Ready", "status": "True"}])
    assert why([ready, pod("b")]) == ""


class Pods:
    """The one request that is made, counted."""

    def __init__(self, answer: list[dict[str, Any]] | Exception) -> None:
        self.answer, self.asked = answer, []

    def list(self, resource: object, namespace: str, *, label_selector: str) -> list[dict[str, Any]]:
        self.asked.append((namespace, label_selector))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def live(health: Health) -> dict[Key, LiveObject]:
    return {WEB: LiveObject(Meta(), "", health, selector="app=web")}


def test_nobody_asks_before_patience_ends_nor_too_often() -> None:
    pods = Pods([pod("a", "ImagePullBackOff")])
    causes = look(pods, {}, live(Health.PROGRESSING), T0)
    assert (pods.asked, causes[WEB].next_look) == ([], T0 + PATIENCE)
    causes = look(pods, causes, live(Health.PROGRESSING), T0 + PATIENCE)
    assert pods.asked == [("shop", "app=web")]
    assert "ImagePullBackOff" in causes[WEB].text
    look(pods, causes, live(Health.PROGRESSING), T0 + PATIENCE + LOOK_AGAIN - timedelta(seconds=1))
    assert len(pods.asked) == 1


def test_a_healthy_workload_is_never_asked_about_and_forgets_its_cause() -> None:
    pods = Pods([pod("a", "ImagePullBackOff")])
    causes = look(pods, look(pods, {}, live(Health.DEGRADED), T0), live(Health.DEGRADED), T0 + PATIENCE)
    assert look(pods, causes, live(Health.HEALTHY), T0 + PATIENCE) == {}
    assert len(pods.asked) == 1


def test_a_list_that_is_refused_costs_only_the_explanation() -> None:
    pods = Pods(Refused("pods is forbidden"))
    causes = look(pods, look(pods, {}, live(Health.DEGRADED), T0), live(Health.DEGRADED), T0 + PATIENCE)
    assert causes[WEB].text == ""
