"""Look, do the next act, tell it, look again; until nothing is left to do."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from reconciler.errors import Conflict, NotFound, Problem, UserError
from reconciler.kube.api import Cluster
from reconciler.rollouts.adopting.acts import Act, Change, Create, Delete, Wait, Write
from reconciler.rollouts.adopting.found import Found

FIELD_MANAGER = "reconciler-cli"
_LOOK_SECONDS = 0.25
_TOO_OFTEN = 5


def carry(
    cluster: Cluster,
    namespace: str,
    look: Callable[[], Found],
    next_act: Callable[[Found], Act | None],
    say: Callable[[str], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Raises `UserError` for what does not come in time, or is put back by somebody else again and again."""
    done: Counter[str] = Counter()
    waiting, since = "", 0.0
    while act := next_act(look()):
        if isinstance(act, Wait):
            if act.told != waiting:
                waiting, since = act.told, time.monotonic()
                say(f"… {act.told}")
            _give_up_in_time(cluster, namespace, act, time.monotonic() - since, say)
            sleep(_LOOK_SECONDS)
            continue
        done[act.told] += 1
        if done[act.told] > _TOO_OFTEN:
            raise UserError(Problem(f"this is undone again and again: {act.told}", "pause what applies it from git"))
        _attempt(cluster, namespace, act, say)


def _give_up_in_time(cluster: Cluster, namespace: str, act: Wait, waited: float, say: Callable[[str], None]) -> None:
    if timedelta(seconds=waited) < act.limit:
        return
    for write in act.back:
        _attempt(cluster, namespace, write, say)
    raise UserError(act.problem)


def _attempt(cluster: Cluster, namespace: str, write: Write, say: Callable[[str], None]) -> None:
    """What moved meanwhile is looked at again."""
    try:
        _write(cluster, namespace, write)
    except (Conflict, NotFound):
        return
    say(f"✔ {write.told}")


def _write(cluster: Cluster, namespace: str, write: Write) -> None:
    match write:
        case Create(_, resource, body):
            cluster.create(resource, namespace, body, field_manager=FIELD_MANAGER)
        case Change(_, resource, name, patch, kind):
            cluster.patch(resource, namespace, name, patch, kind=kind, field_manager=FIELD_MANAGER)
        case Delete(_, resource, name, uid):
            cluster.delete(resource, namespace, name, uid=uid)
