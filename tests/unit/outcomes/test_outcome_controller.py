"""From a delivery to what stands at the forge, across failures and restarts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.apps.delivery import Delivery, Health, OperationPhase
from reconciler.errors import Transient
from reconciler.http.model import Request, Response
from reconciler.outcomes.outbox import Outbox
from reconciler.outcomes.sender import NO_FORGE
from reconciler.runtime.clock import VirtualClock
from tests.unit.outcomes.deliveries import ERRORS, T0, A, B, bad, canary, delivery, in_motion, operation, thing
from tests.unit.outcomes.fakes import Deliveries, Forge, Store, controller

QUEUED = delivery(operation(OperationPhase.PENDING))
HEALTHY = delivery(operation(), objects=(thing("Service", Health.HEALTHY),))


class World:
    def __init__(self, found: Delivery | None = None, **fields: object) -> None:
        self.deliveries, self.forge, self.store = Deliveries(found), Forge(), Store()
        self.clock = VirtualClock(T0)
        self.fields = fields
        self.restart()

    def restart(self) -> None:
        self.controller = controller(self.deliveries, self.forge, self.store, self.clock, **self.fields)

    def run(self, found: Delivery | None = None) -> float | None:
        """Reconciles once; seconds until it wants to run again."""
        self.deliveries.delivery = found or self.deliveries.delivery
        wake = self.controller.reconcile("shop")
        return None if wake is None else (wake - self.clock.now()).total_seconds()


def test_a_delivery_becomes_a_status_and_then_nothing_is_left_to_do():
    world = World(HEALTHY)
    assert world.run() is None
    assert world.forge.stands() == {A: "success: 1 object healthy in 1m10s"}


def test_nothing_new_means_no_request_and_no_write():
    world = World(HEALTHY)
    world.run()
    world.store.saved.clear()
    world.clock.advance(600)
    world.run()
    assert len(world.forge.arrived) == 1
    assert world.store.saved == {}


def test_a_status_is_written_down_before_it_is_sent():
    world = World(QUEUED)
    seen = []

    def look() -> Response:
        seen.append(b"queued" in world.store.saved.get("shop", b""))
        return Response(201, {}, b"{}")

    world.forge.answer = look
    world.run()
    assert seen == [True]


def test_a_process_killed_while_sending_sends_after_its_restart():
    world = World(HEALTHY)
    world.forge.answer = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        world.run()
    world.forge.answer = Forge().answer
    world.restart()
    world.run()
    assert world.forge.stands()[A].startswith("success")


def test_what_was_sent_but_could_not_be_written_down_is_not_sent_again_and_written_later():
    world = World(HEALTHY)
    save = world.store.save

    def lost(app: str, outbox: Outbox) -> None:
        raise Transient("the API server is away")

    def taken() -> Response:
        world.store.save = lost
        return Response(201, {}, b"{}")

    world.forge.answer = taken
    with pytest.raises(Transient):
        world.run()
    with pytest.raises(Transient):
        world.run()
    world.store.save = save
    assert world.run() is None
    assert len(world.forge.arrived) == 1
    world.restart()
    world.run()
    assert len(world.forge.arrived) == 1


def test_nothing_is_sent_that_could_not_be_written_down():
    world = World(HEALTHY)
    save = world.store.save

    def lost(app: str, outbox: Outbox) -> None:
        raise Transient("the API server is away")

    world.store.save = lost
    for _ in range(2):
        with pytest.raises(Transient):
            world.run()
    assert world.forge.arrived == []
    world.store.save = save
    world.run()
    assert world.forge.stands()[A].startswith("success")


def test_a_forge_that_cannot_be_reached_is_tried_again():
    world = World(HEALTHY)

    def lost() -> Response:
        raise Transient("connection refused")

    world.forge.answer = lost
    assert world.run() == 5
    world.forge.answer = Forge().answer
    world.clock.advance(5)
    assert world.run() is None
    assert world.forge.stands()[A].startswith("success")


def test_retry_after_is_obeyed_also_by_the_other_applications_of_the_repository():
    world = World(HEALTHY)
    world.forge.answer = lambda: Response(429, {"retry-after": "90"}, b"{}")
    assert world.run() == 90
    world.deliveries.delivery = replace(HEALTHY, app="other")
    world.forge.answer = Forge().answer
    wake = world.controller.reconcile("other")
    assert wake is not None and (wake - world.clock.now()).total_seconds() == 90
    assert world.forge.arrived == []


def test_a_rejected_status_is_shown_with_its_reason_and_not_repeated():
    world = World(QUEUED)
    world.forge.answer = lambda: Response(404, {}, b"{}")
    assert world.run() is None
    assert "may not see it" in world.controller.statuses("shop")[0].trouble


def test_without_a_forge_the_words_are_kept_for_the_page():
    world = World(HEALTHY, target=None)
    assert world.run() is None
    (entry,) = world.controller.statuses("shop")
    assert entry.wanted.description.startswith("1 object healthy") and entry.trouble == NO_FORGE
    assert world.forge.arrived == []


def test_a_newer_commit_closes_the_one_before_it():
    world = World(in_motion(canary(metrics=(ERRORS,))))
    world.run()
    world.run(delivery(operation(OperationPhase.RENDERING, sha=B)))
    stands = world.forge.stands()
    assert stands[A] == "error: superseded by bbbbbbb before rollout finished"
    assert stands[B] == "pending: rendering"


def test_a_secret_never_leaves_even_where_a_text_is_cut():
    secret = "hunter2-" * 3
    message = "x" * 100 + secret + "y" * 50
    work = canary(health=Health.DEGRADED, aborted=True, metrics=(bad(ERRORS, "", "Error", message=message),))
    world = World(in_motion(work), secrets=(secret,))
    world.run()
    assert "hunter2" not in world.forge.stands()[A]
    assert b"hunter2" not in world.store.saved["shop"]


def test_listeners_hear_of_changes_of_the_statuses():
    heard: list[str] = []
    world = World(HEALTHY, on_change=heard.append)
    world.run()
    world.run()
    assert heard == ["shop", "shop"]  # wanted, then sent; nothing the second time


def test_an_application_that_nobody_knows_yet_is_no_work():
    assert World().run() is None


def test_the_request_carries_the_token_only_in_its_header():
    world = World(HEALTHY)
    sent: list[Request] = []
    world.forge.take = sent.append  # type: ignore[method-assign]
    world.run()
    assert b"token" not in sent[0].body and "token" not in sent[0].url
