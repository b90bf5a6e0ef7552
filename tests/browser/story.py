"""Four applications as people meet them: one in a canary, one rolled back, one well, one with a typo.

`python -m tests.browser.story DIRECTORY` leaves pictures of their pages there, for people to look at.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.apps.delivery import Delivery, Health, OperationPhase
from reconciler.errors import Position, Problem
from reconciler.forges.model import CommitStatus, State
from reconciler.outcomes.board import Board
from reconciler.outcomes.outbox import Entry
from reconciler.web.ports import CommitInfo
from tests.browser.chromium import Browser
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


@contextmanager
def told() -> Iterator[Site]:
    """A web server that shows all four."""
    board = Board()
    for found in (SHOP, FAILED, WELL, WRONG):
        board.publish(found)
    with running(board, statuses=statuses, commit=lambda repo_url, sha: SUBJECTS.get(sha)) as site:
        yield site


def pictures(directory: Path) -> None:
    browser = Browser()
    with told() as site:
        for width, name in ((1280, "desktop"), (390, "phone")):
            for dark in (False, True):
                browser.size(width, 800, dark=dark)
                for path in ("/", *(f"/applications/{app}" for app in ("shop", "checkout", "search", "catalogue"))):
                    browser.open(site.server.url + path)
                    page = path.rsplit("/", 1)[-1] or "overview"
                    browser.picture(directory / f"{page}-{name}{'-dark' if dark else ''}.png")
    browser.close()


if __name__ == "__main__":
    pictures(Path(sys.argv[1]))
