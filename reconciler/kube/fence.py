"""Who may write: asked by the door at every write, of what the work under way may do.

A reconcile runs `under` the permission that it began with; so does what it hands to an `InContext` pool. Work that
began under a lease which has been lost since, and even one that was regained, may not write any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

T = TypeVar("T")
Permission = Callable[[], bool]

_current: ContextVar[Permission | None] = ContextVar("permission", default=None)


@contextmanager
def under(permission: Permission) -> Iterator[None]:
    """What is written in this block, by this thread, needs this permission instead of the process's."""
    token = _current.set(permission)
    try:
        yield
    finally:
        _current.reset(token)


class Fence:
    """`Cluster.fence` takes it. `default` decides for work that is not under a permission of its own."""

    def __init__(self, default: Permission) -> None:
        self._default = default

    def __call__(self) -> bool:
        return (_current.get() or self._default)()


class InContext(ThreadPoolExecutor):
    """A pool whose work keeps the permission under which it was submitted."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        return super().submit(copy_context().run, fn, *args, **kwargs)
