"""Several replicas share the work: everything is somebody's, nothing is two replicas', and a dead one is replaced."""

from __future__ import annotations

import pytest

from reconciler.kube.fence import Fence, InContext, under
from reconciler.kube.sharding import assignment, shard_of
from reconciler.runtime.clock import VirtualClock
from tests.unit.kube.lease_server import SHARDS, LeaseServer, Replica, key_in


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def server() -> LeaseServer:
    return LeaseServer()


def run(clock: VirtualClock, replicas: list[Replica], seconds: float) -> None:
    """Rounds of all, two seconds apart; two replicas never may write for one shard."""
    for _ in range(round(seconds / 2)):
        for each in replicas:
            each.step()
            alone(replicas)
        clock.advance(2)
        alone(replicas)


def alone(replicas: list[Replica]) -> None:
    for shard in range(SHARDS):
        assert sum(each.may_write(key_in(shard)) for each in replicas) <= 1


def owners(replicas: list[Replica]) -> dict[int, str]:
    return {shard: each.name for each in replicas for shard in each.shards.held()}


@pytest.mark.parametrize(("shards", "members"), [(4, 1), (4, 3), (8, 3), (3, 5), (16, 4)])
def test_everybody_is_given_the_same_number_of_shards_give_or_take_one(shards: int, members: int) -> None:
    given = assignment(shards, [f"replica-{number}" for number in range(members)])
    loads = [list(given.values()).count(f"replica-{number}") for number in range(members)]
    assert sorted(given) == list(range(shards))
    assert max(loads) - min(loads) <= 1


def test_a_replica_that_goes_moves_little_but_its_own_shards() -> None:
    before = assignment(64, ["a", "b", "c", "d"])
    after = assignment(64, ["a", "b", "c"])
    moved = sum(before[shard] != after[shard] for shard in range(64) if before[shard] != "d")
    assert moved <= 12


def test_a_key_is_always_in_the_same_shard_and_keys_are_spread() -> None:
    assert [shard_of(f"ns/app-{number}", 8) for number in range(4)] == [4, 0, 1, 3]
    counts = [0] * 8
    for number in range(8000):
        counts[shard_of(f"team-{number % 7}/app-{number}", 8)] += 1
    assert min(counts) > 850 and max(counts) < 1150


def test_one_replica_has_everything(server: LeaseServer, clock: VirtualClock) -> None:
    only = Replica(server, "a", clock)
    only.step()
    assert only.shards.held() == frozenset(range(SHARDS))
    assert only.told == list(range(SHARDS))


def test_a_second_replica_is_given_its_share_once_what_is_in_work_has_ended(
    server: LeaseServer, clock: VirtualClock
) -> None:
    first, second = Replica(server, "a", clock), Replica(server, "b", clock)
    first.step()
    for shard in range(SHARDS):
        first.begin(key_in(shard))
    run(clock, [first, second], 30)
    assert len(first.shards.held()) == SHARDS and not second.shards.held()
    first.end()
    run(clock, [first, second], 6)
    assert sorted(owners([first, second]).values()) == ["a", "a", "b", "b"]


def test_a_shard_that_is_leaving_takes_no_new_work(server: LeaseServer, clock: VirtualClock) -> None:
    first, second = Replica(server, "a", clock), Replica(server, "b", clock)
    first.step()
    for shard in range(SHARDS):
        first.begin(key_in(shard))
    run(clock, [first, second], 4)
    first.step()
    for shard in range(SHARDS):
        first.begin(key_in(shard))
    assert len(first.kept) == SHARDS + 2


def test_a_dead_replica_is_replaced_within_the_lease_time(server: LeaseServer, clock: VirtualClock) -> None:
    replicas = [Replica(server, name, clock) for name in "abc"]
    run(clock, replicas, 20)
    assert set(owners(replicas).values()) == {"a", "b", "c"}
    run(clock, replicas[1:], 18)  # the lease time, and a round
    assert sorted(owners(replicas[1:])) == list(range(SHARDS))


def test_a_replica_that_ends_is_replaced_at_once_and_leaves_no_lease_of_its_own(
    server: LeaseServer, clock: VirtualClock
) -> None:
    replicas = [Replica(server, name, clock) for name in "ab"]
    run(clock, replicas, 20)
    replicas[0].shards.stop()
    run(clock, replicas[1:], 2)
    assert sorted(owners(replicas[1:])) == list(range(SHARDS))
    assert len([name for name in server.leases if "-member-" in name]) == 1


def test_work_that_began_before_a_loss_may_not_write_when_the_shard_is_gained_again(
    server: LeaseServer, clock: VirtualClock
) -> None:
    first, second = Replica(server, "a", clock), Replica(server, "b", clock)
    first.step()
    first.begin(key_in(0))
    run(clock, [second], 20)  # the first hangs
    second.shards.stop()
    run(clock, [first], 4)
    assert 0 in first.shards.held()
    assert not first.kept[0][2]()


def test_a_replica_that_cannot_show_that_it_lives_has_no_shards(server: LeaseServer, clock: VirtualClock) -> None:
    """For the others it is dead, and they may begin to count shards otherwise."""
    only = Replica(server, "a", clock)
    only.step()
    only.begin(key_in(0))
    only.line.trouble = "unsure"
    run(clock, [only], 12)
    assert not any(only.may_write(key_in(shard)) for shard in range(SHARDS))


def test_every_gain_and_loss_is_told_once(server: LeaseServer, clock: VirtualClock) -> None:
    only = Replica(server, "a", clock)
    run(clock, [only], 30)
    only.line.trouble = "down"
    run(clock, [only], 30)
    only.line.trouble = ""
    run(clock, [only], 30)
    assert sorted(only.told) == sorted([*range(SHARDS)] * 3)


def test_replicas_that_count_differently_do_not_work_until_they_agree(server: LeaseServer, clock: VirtualClock) -> None:
    few, many = Replica(server, "a", clock), Replica(server, "b", clock, shards=2 * SHARDS)
    run(clock, [few, many], 20)
    assert owners([few, many]) == {}
    assert "another replica counts 8 shards, this one 4" in few.shards.disagreement
    few.shards.stop()
    run(clock, [many], 4)
    assert (len(many.shards.held()), many.shards.disagreement) == (2 * SHARDS, "")


def test_leases_of_the_long_dead_are_removed(server: LeaseServer, clock: VirtualClock) -> None:
    dead, alive = Replica(server, "dead", clock), Replica(server, "alive", clock)
    run(clock, [dead, alive], 4)
    run(clock, [alive], 320)
    assert len([name for name in server.leases if "-member-" in name]) == 1


def test_what_is_handed_to_a_pool_keeps_its_permission() -> None:
    fence, pool = Fence(lambda: False), InContext(1)
    with under(lambda: True):
        allowed = pool.submit(fence)
    refused = pool.submit(fence)
    assert (allowed.result(5), refused.result(5)) == (True, False)
    assert not fence()
    pool.shutdown()
