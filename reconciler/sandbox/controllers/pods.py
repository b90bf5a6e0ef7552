"""Scheduler and node agent in one: pods get a node and an address, become ready, run to their end, stop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.controllers.work import Stopwatch, Work
from reconciler.sandbox.store import Change, key_of

Object = dict[str, Any]
Key = tuple[str, str]
UNPULLABLE = "does-not-exist"


class Pods:
    """A pod whose image says `does-not-exist` stays in ImagePullBackOff. A pod that is not restarted runs for the
    `sleep N` of its command, and fails where the command says `exit 1`."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.since = Stopwatch()
        self.addresses = 0

    def keys(self, change: Change) -> Iterator[Key]:
        if change.storage != "pods":
            return
        if change.new is not None:
            yield key_of(change.new)
        else:
            for stage in ("start", "stop", "run"):
                self.since.forget((stage, change.shown["metadata"]["uid"]))

    def reconcile(self, key: Key) -> float | None:
        pod = self.work.get("pods", key)
        if pod is None:
            return None
        if "deletionTimestamp" in pod["metadata"]:
            return self.stopped(pod)
        if not pod["spec"].get("nodeName"):
            self.bind(pod)
            return None
        return self.lived(pod)

    def bind(self, pod: Object) -> None:
        nodes = self.work.api.store.all("nodes")
        if nodes:
            self.addresses += 1
            node = nodes[self.addresses % len(nodes)]["metadata"]["name"]
            self.work.write("pods", pod | {"spec": pod["spec"] | {"nodeName": node}})

    def stopped(self, pod: Object) -> float | None:
        left = self.since.left(("stop", pod["metadata"]["uid"]), self.work.timing.stop_seconds)
        if left > 0:
            return left
        metadata = pod["metadata"]
        if metadata.get("finalizers"):
            if metadata.get("deletionGracePeriodSeconds"):
                ended = pod | {"metadata": metadata | {"deletionGracePeriodSeconds": 0}}
                self.work.api.store.put("pods", ended)
            return None
        self.work.api.store.remove("pods", *key_of(pod))
        return None

    def lived(self, pod: Object) -> float | None:
        phase = pod.get("status", {}).get("phase")
        if phase == "Pending":
            return self.started(pod)
        if phase == "Running" and pod["spec"]["restartPolicy"] != "Always":
            return self.ended(pod)
        if phase == "Running" and is_ready(pod) != gates_open(pod):
            self.work.set_status("pods", pod, {"conditions": self.conditions(pod, ready=True)})
        return None

    def started(self, pod: Object) -> float | None:
        bad = [one for one in pod["spec"]["containers"] if UNPULLABLE in one["image"]]
        left = self.since.left(("start", pod["metadata"]["uid"]), self.work.timing.ready_seconds)
        if left > 0 and not bad:
            return left
        status = self.waiting_status(pod) if bad else self.running_status(pod)
        self.work.set_status("pods", pod, status)
        return None

    def ended(self, pod: Object) -> float | None:
        command = " ".join(
            word for one in pod["spec"]["containers"] for word in (*one.get("command", ()), *one.get("args", ()))
        )
        seconds = re.search(r"sleep ([0-9.]+)", command)
        run = float(seconds[1]) if seconds else self.work.timing.run_seconds
        left = self.since.left(("run", pod["metadata"]["uid"]), run)
        if left > 0:
            return left
        self.work.set_status("pods", pod, self.ended_status(pod, failed=bool(re.search(r"exit [1-9]", command))))
        return None

    def waiting_status(self, pod: Object) -> Object:
        statuses = [
            container_status(one, {"waiting": pull_problem(one["image"])}, ready=False)
            for one in pod["spec"]["containers"]
        ]
        return old_status(pod) | {"containerStatuses": statuses, "conditions": self.conditions(pod, ready=False)}

    def running_status(self, pod: Object) -> Object:
        self.addresses += 1
        address = f"10.{100 + self.addresses // 65_536 % 100}.{self.addresses // 256 % 256}.{self.addresses % 256}"
        running = {"running": {"startedAt": self.work.api.timestamp()}}
        return old_status(pod) | {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": self.work.api.timestamp(),
            "containerStatuses": [container_status(one, running, ready=True) for one in pod["spec"]["containers"]],
            "conditions": self.conditions(pod, ready=True),
        }

    def ended_status(self, pod: Object, *, failed: bool) -> Object:
        reason = {"exitCode": 1, "reason": "Error"} if failed else {"exitCode": 0, "reason": "Completed"}
        ended = {"terminated": reason | {"finishedAt": self.work.api.timestamp()}}
        return old_status(pod) | {
            "phase": "Failed" if failed else "Succeeded",
            "containerStatuses": [container_status(one, ended, ready=False) for one in pod["spec"]["containers"]],
            "conditions": self.conditions(pod, ready=False),
        }

    def conditions(self, pod: Object, *, ready: bool) -> list[Object]:
        """The node agent's four; conditions of others, readiness gates among them, stay."""
        wanted = {
            "PodScheduled": True,
            "Initialized": True,
            "ContainersReady": ready,
            "Ready": ready and gates_open(pod),
        }
        others = [one for one in pod["status"].get("conditions", []) if one["type"] not in wanted]
        now = self.work.api.timestamp()
        own = [{"type": name, "status": str(holds), "lastTransitionTime": now} for name, holds in wanted.items()]
        return own + others


def gates_open(pod: Object) -> bool:
    """Whether every readiness gate of the pod says yes."""
    said = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
    return all(said.get(gate["conditionType"]) == "True" for gate in pod["spec"].get("readinessGates", []))


def old_status(pod: Object) -> Object:
    found: Object = pod["status"]
    return found


def pull_problem(image: str) -> Object:
    return {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}"'}


def container_status(container: Object, state: Object, *, ready: bool) -> Object:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "state": state,
        "ready": ready,
        "started": ready,
        "restartCount": 0,
    }


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def ready_since(pod: Object) -> str:
    conditions = pod.get("status", {}).get("conditions", [])
    return next((str(one["lastTransitionTime"]) for one in conditions if one["type"] == "Ready"), "")


def is_active(pod: Object) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") not in (
        "Succeeded",
        "Failed",
    )
