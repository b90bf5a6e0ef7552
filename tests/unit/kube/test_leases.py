from __future__ import annotations

import copy
from typing import Any

import pytest

from reconciler.errors import AlreadyExists, Conflict, NotFound, Transient
from reconciler.kube.leases import Lease, Move, Observed, Terms, decide
from reconciler.runtime.clock import VirtualClock


class OneObject:
    """The port as far as a Lease needs it: one object with a resourceVersion, and an outage switch."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.down = False

    def get(self, _resource: object, _namespace: str, _name: str) -> dict[str, Any]:
        self._reach()
        if self.lease is None:
            raise NotFound("no lease")
        return copy.deepcopy(self.lease)

    def create(self, _resource: object, _namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self._reach()
        if self.lease is not None:
            raise AlreadyExists("lease")
        self.lease = body | {"metadata": body["metadata"] | {"resourceVersion": "1"}}
        return copy.deepcopy(self.lease)

    def patch(self, _resource: object, _namespace: str, _name: str, patch: dict[str, Any]) -> dict[str, Any]:
        self._reach()
        if self.lease is None:
            raise NotFound("no lease")
        version = self.lease["metadata"]["resourceVersion"]
        if patch["metadata"]["resourceVersion"] != version:
            raise Conflict("modified")
        self.lease["spec"] |= patch["spec"]
        self.lease["metadata"]["resourceVersion"] = str(int(version) + 1)
        return copy.deepcopy(self.lease)

    def _reach(self) -> None:
        if self.down:
            raise Transient("no answer")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def cluster() -> OneObject:
    return OneObject()


def a_candidate(cluster: Any, identity: str, clock: VirtualClock) -> Lease:
    return Lease(cluster, "ns", "leader", identity, clock)


@pytest.mark.parametrize(
    ("seen", "move"),
    [
        pytest.param(None, "create", id="there is none"),
        pytest.param(Observed("1", "me", 15, 0, since=0), "renew", id="ours"),
        pytest.param(Observed("1", "", 15, 0, since=99), "take", id="given back"),
        pytest.param(Observed("1", "rival", 15, 0, since=85.1), "wait", id="not long enough unchanged"),
        pytest.param(Observed("1", "rival", 15, 0, since=85.0), "take", id="unchanged for its whole duration"),
    ],
)
def test_what_a_candidate_may_do(seen: Observed | None, move: Move) -> None:
    assert decide(seen, "me", now=100) == move


def test_the_first_candidate_gets_the_lease_and_keeps_it_by_renewing(cluster: OneObject, clock: VirtualClock) -> None:
    first, second = a_candidate(cluster, "a", clock), a_candidate(cluster, "b", clock)
    for _ in range(20):
        clock.advance(first.step())
        second.step()
        assert (first.held(), second.held()) == (True, False)


def test_who_waits_says_once_for_whom(
    cluster: OneObject, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "reconciler.kube.leases")
    first, second = a_candidate(cluster, "a", clock), a_candidate(cluster, "b", clock)
    for _ in range(3):
        clock.advance(first.step())
        second.step()
    assert caplog.messages == [
        "lease ns/leader acquired",
        "lease ns/leader is held by a: waiting until it is given back, or not renewed for 15s",
    ]


def test_a_holder_that_cannot_renew_stops_believing_before_anybody_else_may_take(
    cluster: OneObject, clock: VirtualClock
) -> None:
    first, second = a_candidate(cluster, "a", clock), a_candidate(cluster, "b", clock)
    first.step()
    lost_at = taken_at = 0.0
    while not taken_at:
        second.step()
        clock.advance(0.5)
        cluster.down = True
        first.step()
        cluster.down = False
        lost_at = lost_at or (0.0 if first.held() else clock.monotonic())
        taken_at = clock.monotonic() if second.held() else 0.0
        assert not (first.held() and second.held())
    assert lost_at == 10
    assert 15 <= taken_at <= 16
    assert cluster.lease is not None
    assert cluster.lease["spec"]["leaseTransitions"] == 1


def test_of_two_that_take_at_once_one_gets_it(cluster: OneObject, clock: VirtualClock) -> None:
    holder = a_candidate(cluster, "old", clock)
    holder.step()
    rivals = [a_candidate(cluster, name, clock) for name in ("a", "b")]
    for rival in rivals:
        rival.step()
    clock.advance(16)
    read = rivals[0]._read()
    rivals[1].step()
    rivals[0]._read = lambda: read  # type: ignore[method-assign]  # it read before the other wrote
    rivals[0].step()
    assert [rival.held() for rival in rivals] == [False, True]


def test_a_released_lease_is_taken_at_once(cluster: OneObject, clock: VirtualClock) -> None:
    first, second = a_candidate(cluster, "a", clock), a_candidate(cluster, "b", clock)
    first.step()
    second.step()
    first.stop()
    assert not first.held()
    second.step()
    assert second.held()


def test_a_holder_whose_lease_was_edited_stops_believing_at_its_next_look_and_makes_a_deleted_one_anew(
    cluster: OneObject, clock: VirtualClock
) -> None:
    first = a_candidate(cluster, "a", clock)
    first.step()
    assert cluster.lease is not None
    cluster.lease["spec"]["holderIdentity"] = "by hand"
    cluster.lease["metadata"]["resourceVersion"] = "9"
    first.step()
    assert not first.held()
    first.step()
    assert not first.held()
    cluster.lease = None
    first.step()
    assert first.held()
    cluster.lease = None
    first.step()
    assert first.held()
    assert cluster.get(None, "ns", "leader")["spec"]["holderIdentity"] == "a"


def test_terms_that_let_two_believe_are_refused() -> None:
    with pytest.raises(ValueError, match="renew_deadline < duration"):
        Terms(duration=10, renew_deadline=10)


class LosesAnswers(OneObject):
    """Writes as asked, and does not say so while it is `losing`."""

    losing = False

    def patch(self, _resource: object, _namespace: str, _name: str, patch: dict[str, Any]) -> dict[str, Any]:
        answer = super().patch(_resource, _namespace, _name, patch)
        if self.losing:
            raise Transient("no answer")
        return answer


def test_a_renewal_whose_answer_was_lost_costs_no_lease(clock: VirtualClock) -> None:
    cluster = LosesAnswers()
    lease = a_candidate(cluster, "a", clock)
    clock.advance(lease.step())
    cluster.losing = True
    clock.advance(lease.step())
    cluster.losing = False
    lease.step()
    assert lease.held()
