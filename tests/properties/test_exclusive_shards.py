"""Whatever dies, hangs, or loses its connection, and whenever: no key ever has two writers, and in the end one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.runtime.clock import VirtualClock
from tests.unit.kube.lease_server import SHARDS, LeaseServer, Replica, key_in

NAMES = "abc"
KEYS = tuple(key_in(shard) for shard in range(SHARDS))
WHO = st.sampled_from(range(len(NAMES)))
STEPS = st.one_of(
    st.tuples(st.just("round"), WHO),
    st.tuples(st.just("hangs"), WHO, st.integers(1, 12)),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 2.0, 4.0, 9.9, 10.1, 15.0, 31.0])),
    st.tuples(st.just("begin"), WHO, st.sampled_from(KEYS)),
    st.tuples(st.just("end"), WHO),
    st.tuples(st.just("down"), WHO),
    st.tuples(st.just("deaf"), WHO),
    st.tuples(st.just("up"), WHO),
    st.tuples(st.just("kill"), WHO, st.sampled_from([SHARDS, SHARDS, SHARDS + 3])),
    st.tuples(st.just("stop"), WHO, st.just(SHARDS)),
)


class Histories:
    """Replicas by place; one that was killed or stopped is followed by a new one, which may count shards otherwise."""

    def __init__(self) -> None:
        self.clock, self.server, self.born = VirtualClock(), LeaseServer(), 0
        self.replicas = [self.new() for _ in NAMES]
        self.dead: list[Replica] = []

    def new(self, shards: int = SHARDS) -> Replica:
        self.born += 1
        return Replica(self.server, f"replica-{self.born}", self.clock, shards)

    def play(self, step: tuple[object, ...]) -> None:
        self._do(step)
        for key in KEYS:
            assert len(self.writers(key)) <= 1, step

    def _do(self, step: tuple[object, ...]) -> None:
        match step:
            case ("hangs", int(who), int(rounds)):
                self._go_on_without(who, rounds)
            case ("wait", float(seconds)):
                self.clock.advance(seconds)
            case ("begin", int(who), str(key)):
                self.replicas[who].begin(key)
            case ("round", int(who)):
                self.replicas[who].step()
            case ("end", int(who)):
                self.replicas[who].end()
            case (("down" | "deaf") as trouble, int(who)):
                self.replicas[who].line.trouble = trouble
            case ("up", int(who)):
                self.replicas[who].line.trouble = ""
            case (("kill" | "stop") as how, int(who), int(shards)):
                self.replace(who, how, shards)

    def _go_on_without(self, who: int, rounds: int) -> None:
        others = [number for number in range(len(NAMES)) if number != who]
        for _ in range(rounds):
            for number in others:
                self.play(("round", number))
            self.play(("wait", 2.0))

    def replace(self, who: int, how: str, shards: int = SHARDS) -> None:
        """One that stops ends its work first, as the daemon does; one that is killed still counts: it may only hang."""
        old, self.replicas[who] = self.replicas[who], self.new(shards)
        if how == "stop":
            old.end()
            old.shards.stop()
        self.dead.append(old)

    def writers(self, key: str) -> list[str]:
        return [each.name for each in (*self.replicas, *self.dead) if each.may_write(key)]


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_no_key_has_two_writers_and_in_the_end_each_has_one(history: list[tuple[object, ...]]) -> None:
    world = Histories()
    for step in history:
        world.play(step)
    for who in range(len(NAMES)):
        world.play(("up", who))
        world.replace(who, "stop")
    for _ in range(20):
        for who in range(len(NAMES)):
            world.play(("round", who))
        world.play(("wait", 2.0))
    assert [len(world.writers(key)) for key in KEYS] == [1] * len(KEYS)
