"""One push followed to its verdict, with what its users saw on the way."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from tests.e2e.ground import NAMESPACE
from tests.e2e.observer import Observer
from tests.e2e.world import World, canary_weight

SLOW_SECONDS = 0.4
_AFTERMATH_SECONDS = 2.0


@dataclass(frozen=True)
class Delivery:
    """Seconds count from the push; None where it did not happen. Shares are 0..1 of the users' requests meanwhile."""

    tag: str
    sha: str
    state: str
    description: str
    target_url: str
    states: tuple[str, ...]
    seconds_to_first_status: float | None
    seconds_to_verdict: float
    seconds_bad_measurement_to_weight_zero: float | None
    highest_weight_percent: int
    requests: int
    failed_share: float
    slow_share: float
    shop_image: str
    phase: str

    def record(self) -> dict[str, Any]:
        return asdict(self)


class Witness:
    """Watches the analysis and the proxy's weights while pushes are delivered."""

    def __init__(self, world: World) -> None:
        self._world = world
        argo, traefik = "/apis/argoproj.io/v1alpha1", "/apis/traefik.io/v1alpha1"
        self.runs = Observer(world.cluster, f"{argo}/namespaces/{NAMESPACE}/analysisruns")
        self.weights = Observer(world.cluster, f"{traefik}/namespaces/{NAMESPACE}/traefikservices")

    def deliver(self, tag: str) -> Delivery:
        """Push a version and wait for its verdict."""
        return self.follow(tag, self._world.clone.push(tag))

    def follow(self, tag: str, sha: str) -> Delivery:
        """Wait for the verdict on a version that has just been pushed."""
        world = self._world
        pushed = time.monotonic()
        first = self._first_status(sha, pushed)
        verdict = world.verdict(sha)
        decided = time.monotonic()
        time.sleep(_AFTERMATH_SECONDS)
        answers = world.users.answers(pushed, decided + _AFTERMATH_SECONDS)
        rollout = world.rollout()
        return Delivery(
            tag=tag,
            sha=sha,
            state=verdict["status"],
            description=verdict["description"],
            target_url=verdict["target_url"],
            states=tuple(status["status"] for status in reversed(world.statuses(sha))),
            seconds_to_first_status=first,
            seconds_to_verdict=decided - pushed,
            seconds_bad_measurement_to_weight_zero=self._reaction(pushed),
            highest_weight_percent=self._highest_weight(pushed),
            requests=len(answers),
            failed_share=sum(answer.failed for answer in answers) / len(answers),
            slow_share=sum(answer.seconds > SLOW_SECONDS for answer in answers) / len(answers),
            shop_image=world.users.answers(decided + 1)[-1].image,
            phase=rollout["status"]["phase"],
        )

    def _first_status(self, sha: str, pushed: float) -> float | None:
        while time.monotonic() < pushed + 20:
            if self._world.statuses(sha):
                return time.monotonic() - pushed
            time.sleep(0.1)
        return None

    def _reaction(self, since: float) -> float | None:
        """From the first bad measurement that anybody could read to the canary's weight 0."""
        bad = self.runs.first(_has_bad_measurement, since)
        if bad is None:
            return None
        zero = self.weights.first(lambda service: canary_weight(service) == 0, bad)
        return None if zero is None else zero - bad

    def _highest_weight(self, since: float) -> int:
        return max((canary_weight(service) for service in self.weights.since(since)), default=0)


def _has_bad_measurement(run: dict[str, Any]) -> bool:
    results = run.get("status", {}).get("metricResults", [])
    return any(each.get("phase") == "Failed" for result in results for each in result.get("measurements", []))
