"""Watches: what happened since a revision, then what happens, as a stream of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.api.core import Api, in_version
from reconciler.sandbox.api.read import Wanted, parsed_revision
from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.problems import expired
from reconciler.sandbox.selectors import Test
from reconciler.sandbox.store import Change, Expired

Object = dict[str, Any]
Event = tuple[str, Object]
INITIAL_END = "k8s.io/initial-events-end"


@dataclass(frozen=True)
class Stream:
    """How a watch runs: its end and its bookmarks, in seconds."""

    seconds: float
    bookmarks: bool = False
    bookmark_seconds: float = 60.0
    initial: bool = False


def seen(change: Change, kind: Kind, test: Test) -> Event | None:
    """The event of a change for one watcher: objects come and go with the selector, too."""
    was = change.old is not None and test(change.old)
    now = change.new is not None and test(change.new)
    if now and change.new is not None:
        return ("MODIFIED" if was else "ADDED"), in_version(kind, change.new)
    if was and change.old is not None:
        revision = {"resourceVersion": str(change.revision)}
        return "DELETED", in_version(kind, change.old | {"metadata": change.old["metadata"] | revision})
    return None


def past(api: Api, kind: Kind, wanted: Wanted, stream: Stream, test: Test) -> Iterator[Event]:
    """What is sent before anything new happens."""
    if stream.initial or wanted.revision in ("", "0"):
        for obj in api.store.all(kind.storage, wanted.namespace):
            if test(obj):
                yield "ADDED", in_version(kind, obj)
        if stream.initial and stream.bookmarks:
            yield bookmark(api, kind, {INITIAL_END: "true"})
        return
    revision = parsed_revision(wanted.revision)
    try:
        changes = list(api.store.since(kind.storage, revision))
    except Expired:
        oldest = api.store.forgotten[kind.storage]
        yield "ERROR", expired(f"too old resource version: {revision} ({oldest})").status()
        return
    for change in changes:
        if event := seen(change, kind, test):
            yield event


def bookmark(api: Api, kind: Kind, annotations: dict[str, str] | None = None) -> Event:
    metadata: Object = {"resourceVersion": str(api.store.revision), "creationTimestamp": None}
    if annotations:
        metadata["annotations"] = annotations
    return "BOOKMARK", {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}


async def events(api: Api, kind: Kind, wanted: Wanted, stream: Stream) -> AsyncIterator[list[Event]]:
    """Batches of events until the time is over. Raises the problems of bad selectors before the first batch."""
    test = wanted.test(kind)
    waiting: asyncio.Queue[Change] = asyncio.Queue()

    def listen(change: Change) -> None:
        if change.storage == kind.storage:
            waiting.put_nowait(change)

    first = list(past(api, kind, wanted, stream, test))
    api.store.listeners.append(listen)
    try:
        yield first
        if first and first[-1][0] == "ERROR":
            return
        async for batch in present(api, kind, stream, test, waiting):
            yield batch
    finally:
        api.store.listeners.remove(listen)


async def present(
    api: Api, kind: Kind, stream: Stream, test: Test, waiting: asyncio.Queue[Change]
) -> AsyncIterator[list[Event]]:
    loop = asyncio.get_running_loop()
    end = loop.time() + stream.seconds
    while (left := end - loop.time()) > 0:
        try:
            change = await asyncio.wait_for(waiting.get(), min(left, stream.bookmark_seconds))
        except TimeoutError:
            if stream.bookmarks:
                yield [bookmark(api, kind)]
            continue
        changes = [change, *(waiting.get_nowait() for _ in range(waiting.qsize()))]
        yield [event for change in changes if (event := seen(change, kind, test))]
