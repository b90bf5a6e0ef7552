"""Which replica works on what: keys fall into a fixed number of shards, shards are given to the replicas alive. Pure.

Every replica computes the same from the same members. Where their views differ for a while, two may want one shard: its
Lease decides (`shards.py`), so a wrong view costs time and never exclusiveness.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def shard_of(key: str, shards: int) -> int:
    """The shard of a key; the same in every process and version."""
    return _score("key", key) % shards


def assignment(shards: int, members: Iterable[str]) -> dict[int, str]:
    """Who should have which shard: everybody the same number, give or take one, and few moves when members change.

    Every pair of shard and member has a score; the best pairs are taken first, as far as a member's share allows
    (rendezvous hashing with bounded loads).
    """
    everybody = sorted(set(members))
    if not everybody:
        return {}
    share, extra = divmod(shards, len(everybody))
    pairs = sorted(
        ((_score(str(shard), who), shard, who) for shard in range(shards) for who in everybody), reverse=True
    )
    given: dict[int, str] = {}
    loads = dict.fromkeys(everybody, 0)
    for most in (share, share + 1) if extra else (share,):
        for _, shard, who in pairs:
            if shard not in given and loads[who] < most:
                given[shard] = who
                loads[who] += 1
    return given


def _score(about: str, who: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{about}\0{who}".encode(), digest_size=8).digest())
