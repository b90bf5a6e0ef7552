"""The promise to developers: whatever fails, each commit ends with its own final state and never shows a stale one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.apps.delivery import Delivery, Health, Operation, OperationPhase
from reconciler.errors import Transient
from reconciler.http.model import Request, Response
from reconciler.outcomes.outbox import MAX_STAGES
from reconciler.runtime.clock import VirtualClock
from tests.unit.outcomes.deliveries import ERRORS, T0, bad, canary, delivery, rollout, thing
from tests.unit.outcomes.fakes import Deliveries, Forge, Store, controller


class Killed(BaseException):
    """kill -9, as far as Python can show it."""


class History:
    """Commits, one after the other, under a daemon that fails and restarts and a forge that does too."""

    def __init__(self) -> None:
        self.clock, self.store, self.forge = VirtualClock(T0), Store(), Forge()
        self.deliveries = Deliveries()
        self.superseded: tuple[Operation, ...] = ()
        self.commits = 0
        self.weight = 0
        self.final: dict[str, str] = {}
        self.offered: dict[str, list[str]] = {}
        self.weather = "fair"
        self.restart()
        self.push()

    @property
    def sha(self) -> str:
        return f"{self.commits:040x}"

    def restart(self) -> None:
        self.controller = controller(self.deliveries, self.send, self.store, self.clock)  # type: ignore[arg-type]

    def send(self, request: Request) -> Response:
        weather, self.weather = self.weather, "fair"
        if weather in ("fair", "answer lost", "killed after"):
            self.forge.take(request)
        if weather.startswith("killed"):
            raise Killed
        if weather in ("lost", "answer lost"):
            raise Transient("no answer")
        return Response({"down": 502, "slow down": 429}.get(weather, 201), {}, b"{}")

    def show(self, found: Delivery, final: str = "") -> None:
        if final:
            self.final[self.sha] = final
        self.deliveries.delivery = found
        self.reconcile()

    def reconcile(self) -> float | None:
        """Lives on after being killed; the outbox as it was written down is all that is left."""
        try:
            wake = self.controller.reconcile("shop")
        except Killed:
            self.restart()
            return 0.0
        finally:
            for entry in self.store.load("shop").entries:
                seen = self.offered.setdefault(entry.wanted.sha, [])
                text = f"{entry.wanted.state}: {entry.wanted.description}"
                seen.extend([text] if not seen or seen[-1] != text else [])
        return None if wake is None else (wake - self.clock.now()).total_seconds()

    def operation(self, phase: OperationPhase = OperationPhase.APPLIED) -> Operation:
        return Operation(self.sha, phase, T0)

    def push(self) -> None:
        if self.commits and self.sha not in self.final:
            by = f"{self.commits + 1:040x}"
            self.superseded += (Operation(self.sha, OperationPhase.APPLYING, T0, superseded_by=by),)
            self.final[self.sha] = f"error: superseded by {by[:7]} before rollout finished"
        self.commits += 1
        self.weight = 0
        self.show(delivery(self.operation(OperationPhase.PENDING), superseded=self.superseded))

    def progress(self) -> None:
        if self.sha not in self.final:
            self.weight += 5
            work = canary(weight=self.weight)
            objects = (thing("Rollout", Health.PROGRESSING),)
            self.show(delivery(self.operation(), objects=objects, workloads=(work,), superseded=self.superseded))

    def succeed(self) -> None:
        if self.sha not in self.final:
            objects, work = (thing("Rollout", Health.HEALTHY),), rollout(Health.HEALTHY, promoted=True)
            found = delivery(self.operation(), objects=objects, workloads=(work,), superseded=self.superseded)
            self.show(found, "success")

    def fail(self) -> None:
        if self.sha not in self.final:
            work = canary(health=Health.DEGRADED, aborted=True, metrics=(bad(ERRORS, "0.34"),))
            self.show(delivery(self.operation(), workloads=(work,), superseded=self.superseded), "failure")

    def settle(self) -> None:
        """The forge is fair from now on; runs until nothing is left to do."""
        self.weather = "fair"
        for _ in range(200):
            wake = self.reconcile()
            if wake is None:
                return
            self.clock.advance(wake)
        raise AssertionError("the outbox never comes to rest")


ACTIONS = st.lists(
    st.one_of(
        st.sampled_from(["push", "progress", "progress", "progress", "succeed", "fail", "restart"]),
        st.tuples(
            st.just("weather"),
            st.sampled_from(["lost", "answer lost", "down", "slow down", "killed before", "killed after"]),
        ),
        st.tuples(st.just("wait"), st.sampled_from([1, 6, 11, 70])),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=200)
@given(actions=ACTIONS)
def test_every_commit_ends_with_its_final_state_and_nothing_stale_follows_a_newer_state(actions: list[object]):
    history = History()
    for action in actions:
        match action:
            case ("weather", kind):
                history.weather = kind
            case ("wait", seconds):
                history.clock.advance(seconds)
                history.reconcile()
            case name:
                getattr(history, str(name))()
    history.settle()

    stands = history.forge.stands()
    for sha, final in history.final.items():
        assert stands[sha].startswith(final)
    assert stands.keys() == history.offered.keys()
    for sha, wanted in history.offered.items():
        arrived = [f"{state}: {text}" for at, state, text in history.forge.arrived if at == sha]
        places = [wanted.index(text) for text in arrived]
        assert places == sorted(places)
        assert stands[sha] == wanted[-1] or len(arrived) >= MAX_STAGES
