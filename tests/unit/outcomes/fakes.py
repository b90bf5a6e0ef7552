"""A forge that answers as told, and a store that keeps bytes as a cluster would."""

from __future__ import annotations

import json
from collections.abc import Callable

from reconciler.apps.delivery import Delivery
from reconciler.forges.model import StatusTarget
from reconciler.http.model import Request, Response
from reconciler.outcomes import outbox as boxes
from reconciler.outcomes.controller import OutcomeController
from reconciler.outcomes.outbox import Outbox
from reconciler.outcomes.sender import StatusSender
from reconciler.runtime.clock import VirtualClock

TARGET = StatusTarget("github", "https://api.forge.test", "shop/deploy", "token")


class Store:
    """Only what was saved as bytes survives."""

    def __init__(self) -> None:
        self.saved: dict[str, bytes] = {}

    def load(self, app: str) -> Outbox:
        return boxes.decode(self.saved[app]) if app in self.saved else Outbox()

    def save(self, app: str, outbox: Outbox) -> None:
        self.saved[app] = boxes.encode(outbox)


class Forge:
    """Keeps what arrived, as (sha, state, description). `answer` decides what it says to the next request."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str, str]] = []
        self.answer: Callable[[], Response] = lambda: Response(201, {}, b"{}")

    def __call__(self, request: Request) -> Response:
        response = self.answer()
        if response.status == 201:
            self.take(request)
        return response

    def take(self, request: Request) -> None:
        body = json.loads(request.body)
        self.arrived.append((request.url.rsplit("/", 1)[-1], body["state"], body["description"]))

    def stands(self) -> dict[str, str]:
        """What a person sees: the latest status of each commit."""
        return {sha: f"{state}: {text}" for sha, state, text in self.arrived}


class Deliveries:
    def __init__(self, delivery: Delivery | None = None) -> None:
        self.delivery = delivery

    def get(self, app: str) -> Delivery | None:
        return self.delivery


def controller(
    deliveries: Deliveries, forge: Forge, store: Store, clock: VirtualClock, **fields: object
) -> OutcomeController:
    target = fields.pop("target", TARGET)
    return OutcomeController(deliveries, store, lambda url: target, StatusSender(forge, clock), clock, **fields)
