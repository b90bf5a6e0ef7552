"""Jobs: pods run until enough succeeded or too many failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.controllers.owned import controller_of
from reconciler.sandbox.controllers.pods import is_active, is_ready
from reconciler.sandbox.controllers.replica_sets import pod_from
from reconciler.sandbox.controllers.work import Work
from reconciler.sandbox.store import Change, key_of

Object = dict[str, Any]
Key = tuple[str, str]
STORAGE = "jobs.batch"


class Jobs:
    def __init__(self, work: Work) -> None:
        self.work = work

    def keys(self, change: Change) -> Iterator[Key]:
        if change.storage == STORAGE and change.new is not None:
            yield key_of(change.new)
        owner = controller_of(change.shown) if change.storage == "pods" else None
        if owner and owner["kind"] == "Job":
            yield change.shown["metadata"]["namespace"], owner["name"]

    def reconcile(self, key: Key) -> float | None:
        job = self.work.get(STORAGE, key)
        if job is None or "deletionTimestamp" in job["metadata"]:
            return None
        if finished(job):
            return self.expire(job)
        pods = self.work.dependents.controlled(job, "pods")
        succeeded = sum(pod["status"].get("phase") == "Succeeded" for pod in pods)
        failed = sum(pod["status"].get("phase") == "Failed" for pod in pods)
        end = self.verdict(job, succeeded, failed)
        active = [pod for pod in pods if is_active(pod)]
        if end or job["spec"].get("suspend"):
            for pod in active:
                self.work.delete("pods", pod)
        else:
            self.run(job, len(active), succeeded)
        self.report(job, end, succeeded, failed)
        return None

    def expire(self, job: Object) -> float | None:
        """Finished Jobs may ask to be deleted after a while."""
        seconds = job["spec"].get("ttlSecondsAfterFinished")
        ended = next((one["lastTransitionTime"] for one in job["status"]["conditions"] if one["status"] == "True"), "")
        if seconds is None or not ended:
            return None
        left = seconds - self.work.age(ended)
        if left <= 0:
            self.work.delete(STORAGE, job)
        return max(left, 0.0) or None

    def verdict(self, job: Object, succeeded: int, failed: int) -> Object | None:
        spec = job["spec"]
        if succeeded >= spec.get("completions", 1):
            return {
                "type": "Complete",
                "reason": "CompletionsReached",
                "message": "Reached expected number of succeeded pods",
            }
        if failed > spec["backoffLimit"]:
            return {
                "type": "Failed",
                "reason": "BackoffLimitExceeded",
                "message": "Job has reached the specified backoff limit",
            }
        return None

    def run(self, job: Object, active: int, succeeded: int) -> None:
        spec = job["spec"]
        wanted = min(spec["parallelism"], spec.get("completions", 1) - succeeded)
        for _ in range(wanted - active):
            body = pod_from(job, spec["template"], generateName=f"{job['metadata']['name']}-")
            self.work.create("pods", job["metadata"]["namespace"], body)

    def report(self, job: Object, end: Object | None, succeeded: int, failed: int) -> None:
        now = self.work.api.timestamp()
        pods = [pod for pod in self.work.dependents.controlled(job, "pods") if is_active(pod)] if not end else []
        status: Object = {
            "startTime": job.get("status", {}).get("startTime", now),
            "active": len(pods) or None,
            "ready": sum(is_ready(pod) for pod in pods),
            "succeeded": succeeded or None,
            "failed": failed or None,
            "terminating": 0,
            "uncountedTerminatedPods": {},
        }
        if end:
            first = "SuccessCriteriaMet" if end["type"] == "Complete" else "FailureTarget"
            times = {"status": "True", "lastProbeTime": now, "lastTransitionTime": now}
            status["conditions"] = [end | times | {"type": first}, end | times]
            status["completionTime"] = now if end["type"] == "Complete" else None
        self.work.set_status(STORAGE, job, status)


def finished(job: Object) -> bool:
    conditions = job.get("status", {}).get("conditions", [])
    return any(one["type"] in ("Complete", "Failed") and one["status"] == "True" for one in conditions)
