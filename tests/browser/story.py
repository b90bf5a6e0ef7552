"""Four applications and a Rollout as people meet them: one in a canary, one rolled back, one well, one with a typo.

`python -m tests.browser.story DIRECTORY` leaves pictures of their pages there, for people to look at.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from reconciler.analysis.model import AnalysisRun
from reconciler.apps.delivery import Delivery, Health, OperationPhase
from reconciler.errors import Position, Problem
from reconciler.forges.model import CommitStatus, State
from reconciler.outcomes.board import Board
from reconciler.outcomes.outbox import Entry
from reconciler.web.ports import CommitInfo
from tests.browser.chromium import Browser
from tests.browser.releases import experiment_looked_at, looked_at
from tests.unit.outcomes.deliveries import (
    ERRORS,
    SLOW,
    A,
    B,
    bad,
    canary,
    delivery,
    in_motion,
    operation,
    rollout,
    thing,
)
from tests.unit.web.serving import Site, running

STEPS = (
    "setWeight: 10",
    "pause: 30s",
    "setWeight: 25",
    "analysis",
    "setWeight: 50",
    "pause: 1m",
    "setWeight: 75",
    "setWeight: 100",
)
NOW = datetime.now(UTC)
SUBJECTS = {
    A: CommitInfo(A, "Show delivery dates on the product page", "Ada Lovelace", NOW - timedelta(minutes=2)),
    B: CommitInfo(B, "Use the new search backend for suggestions", "Grace Hopper", NOW - timedelta(hours=3)),
}


def shop(weight: int, step: int, **fields: object) -> Delivery:
    found = in_motion(canary(weight, step, step_texts=STEPS, metrics=(ERRORS, SLOW), desired=5, ready=5, **fields))
    return replace(found, sync="Synced", health=Health.PROGRESSING)


SHOP = shop(25, 3)
FAILED = replace(
    in_motion(
        canary(
            weight=0, step=0, health=Health.DEGRADED, aborted=True, step_texts=STEPS, phase="Degraded",
            desired=5, ready=5, metrics=(bad(ERRORS, "0.34"), SLOW), message="RolloutAborted: metric error-rate failed",
        )
    ),
    app="checkout", sync="Synced", health=Health.DEGRADED,
)  # fmt: skip
WELL = replace(
    delivery(
        operation(sha=B, finished_at=NOW, created=4),
        objects=tuple(thing(kind, Health.HEALTHY) for kind in ("Deployment", "Service", "Ingress", "ConfigMap")),
        workloads=(rollout(Health.HEALTHY, promoted=True, weight=100, step=8, steps=8, step_texts=STEPS),),
    ),
    app="catalogue", sync="Synced", health=Health.HEALTHY,
)  # fmt: skip
TYPO = Problem('unknown field "maxSurges"', 'did you mean "maxSurge"?', Position("deploy/search.yaml", 14, 9))
WRONG = replace(
    delivery(operation(OperationPhase.FAILED, sha=B, problems=(TYPO,))), app="search", sync="OutOfSync",
    health=Health.HEALTHY, drifted=2,
)  # fmt: skip


def statuses(app: str) -> tuple[Entry, ...]:
    if app != "shop":
        return ()
    rejected = "error-rate 34% (must be < 10%): rolled back to shop:v1"
    listed = (
        (A, State.PENDING, "canary 25%, step 3/8, error-rate 0.2% ok"),
        (B, State.FAILURE, rejected),
        ("c" * 40, State.SUCCESS, "2 objects healthy in 1m10s, images shop:v1"),
    )
    sent = [CommitStatus(sha, "reconciler/shop", state, text) for sha, state, text in listed]
    return tuple(Entry(each, each.state is not State.PENDING, NOW.timestamp() - 60, sent=each) for each in sent)


def measured(
    metric: str, condition: str, values: Sequence[float | None], phase: str, *, fails: str = ""
) -> dict[str, object]:
    """A metric and its result; None is a measurement that found the provider broken. `fails`: its failureCondition."""
    began = NOW - timedelta(minutes=3)
    verdict = lambda value: "Error" if value is None else "Failed" if value > 0.1 else "Successful"  # noqa: E731
    measurements = [
        {
            "phase": verdict(value),
            "startedAt": began + timedelta(seconds=10 * index),
            "finishedAt": began + timedelta(seconds=10 * index),
            "value": "" if value is None else f"[{value}]",
        }
        for index, value in enumerate(values)
    ]
    return {
        "spec": {"name": metric, "successCondition": condition, "failureCondition": fails, "interval": "10s"},
        "result": {"name": metric, "phase": phase, "count": len(values), "measurements": measurements},
    }


def run(name: str, kind: str, phase: str, *metrics: dict[str, object], message: str = "") -> AnalysisRun:
    labels = {"rollout-type": kind, "step-index": "3"} if kind == "Step" else {"rollout-type": kind}
    return msgspec.convert(
        {
            "metadata": {"name": name, "namespace": "shop", "labels": labels, "creationTimestamp": NOW},
            "spec": {"metrics": [metric["spec"] for metric in metrics]},
            "status": {"phase": phase, "message": message, "metricResults": [metric["result"] for metric in metrics]},
        },
        AnalysisRun,
    )


ERROR_RATE = measured("error-rate", "result[0] < 0.1", (0.002, 0.004, None, 0.003, 0.31, 0.34), "Failed")
SPEEDS = (0.05, 0.06, 0.058, 0.07, 0.09)
LATENCY = measured("p99-seconds", "result[0] < 0.25", SPEEDS, "Running", fails="result[0] >= 0.4")
WHY = 'Metric "error-rate" assessed Failed due to failed (2) > failureLimit (1)'
RUNS = {
    "shop-6f7d-2": run("shop-6f7d-2", "Background", "Failed", ERROR_RATE, LATENCY, message=WHY),
    "shop-6f7d-2-3": run("shop-6f7d-2-3", "Step", "Running", LATENCY),
}
CART, AB = looked_at(RUNS["shop-6f7d-2"]), experiment_looked_at(RUNS["shop-6f7d-2-3"])


@contextmanager
def alone() -> Iterator[Site]:
    """A web server of an engine without Applications."""
    ports = {"rollout": lambda *key: CART, "experiment": lambda *key: AB, "run": lambda namespace, name: RUNS.get(name)}
    listed = [*SHOP.workloads, *FAILED.workloads, *WELL.workloads]
    with running(rollouts=lambda: listed, experiments=lambda: [AB.family.experiment], **ports) as site:
        yield site


@contextmanager
def told() -> Iterator[Site]:
    """A web server that shows all four."""
    board = Board()
    for found in (SHOP, FAILED, WELL, WRONG):
        board.publish(found)
    ports = {
        "statuses": statuses,
        "commit": lambda repo_url, sha: SUBJECTS.get(sha),
        "runs": lambda namespace, rollout: tuple(RUNS.values()),
        "run": lambda namespace, name: RUNS.get(name),
        "rollout": lambda *key: CART if key == ("shop", "cart") else None,
        "experiment": lambda *key: AB if key == ("shop", "cart-ab") else None,
    }
    with running(board, **ports) as site:
        yield site


def pictures(directory: Path) -> None:
    browser = Browser()
    with told() as site:
        for width, name in ((1280, "desktop"), (390, "phone")):
            for dark in (False, True):
                browser.size(width, 800, dark=dark)
                paths = [f"/applications/{app}" for app in ("shop", "checkout", "search", "catalogue")]
                paths += ["/rollouts/shop/cart", "/experiments/shop/cart-ab"]
                for path in ("/", *paths, "/runs/shop/shop-6f7d-2", "/runs/shop/shop-6f7d-2/analysis.svg"):
                    browser.open(site.server.url + path)
                    page = path.rsplit("/", 1)[-1] or "overview"
                    browser.picture(directory / f"{page}-{name}{'-dark' if dark else ''}.png")
    with alone() as site:
        browser.size(1280, 800)
        browser.open(site.server.url)
        browser.picture(directory / "alone.png")
    browser.close()


if __name__ == "__main__":
    pictures(Path(sys.argv[1]))
