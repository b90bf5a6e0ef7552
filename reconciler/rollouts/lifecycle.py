"""What happens to a Rollout without any decision: it is taken up, comes to rest, is gone (spec §11.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from reconciler.kube.happenings import ObjectRef
from reconciler.kube.objects import ROLLOUTS, Meta
from reconciler.kube.store import Store
from reconciler.rollouts import duration
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.ports import Events

OnCompletion = Callable[[Meta, duration.Completion], None]
"""Called once for each update that has ended, after its status was written."""


class Lifecycle:
    """Tells each of these once. `rollouts` must not be filled before this is made."""

    def __init__(self, rollouts: Store[Rollout], events: Events, on_completion: OnCompletion) -> None:
        self._rollouts, self._events, self._on_completion = rollouts, events, on_completion
        self._gone: dict[str, ObjectRef] = {}
        rollouts.subscribe(self._follow)

    def written(self, before: Rollout, wake_at: datetime | None) -> None:
        """A decision about `before` has been carried out: the store has the answers by now."""
        meta = before.metadata
        after = self._rollouts.get(meta.namespace, meta.name)
        if after is None or after.metadata.uid != meta.uid:
            return
        if after.status.observed_generation and not before.status.observed_generation:
            text = f"Rollout resource added to informer: {_key(meta)}"
            self._events.event(ObjectRef.of(ROLLOUTS, meta), "Normal", "RolloutAddedToInformer", text)
        for completion in duration.completions(before.status.duration, after.status.duration):
            self._on_completion(meta, completion)
        if _rests(after.status.phase, wake_at):
            self._events.at_rest(ObjectRef.of(ROLLOUTS, meta))

    def tell_end(self, key: str) -> None:
        """Tells of a Rollout of this key that is gone, if there was one; another may have its name by now."""
        gone = self._gone.pop(key, None)
        if gone is not None:
            self._events.event(gone, "Normal", "RolloutDeleted", f"Rollout {key} is deleted")

    def forget(self, key: str) -> None:
        """Another engine tells."""
        self._gone.pop(key, None)

    def _follow(self, old: Rollout | None, new: Rollout | None) -> None:
        if new is None and old is not None:
            self._gone[_key(old.metadata)] = ObjectRef.of(ROLLOUTS, old.metadata)


def _rests(phase: str, wake_at: datetime | None) -> bool:
    return phase in ("Healthy", "Degraded") or (phase == "Paused" and wake_at is None)


def _key(meta: Meta) -> str:
    return f"{meta.namespace}/{meta.name}"
