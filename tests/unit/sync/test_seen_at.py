"""From when a commit's times are counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reconciler.apps.delivery import Operation, OperationPhase
from reconciler.apps.record import Record, Stored
from reconciler.config.model import Application, Destination, Source
from reconciler.sync.present import delivery
from reconciler.sync.state import AppState, View

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SHA = "a" * 40


def test_a_commit_that_is_tried_again_keeps_the_moment_it_was_first_seen() -> None:
    app = Application("shop", Source("https://forge.test/shop", "shop"), Destination("shop"))
    again = Operation(SHA, OperationPhase.APPLYING, NOW)
    record = Record("shop", operation=again, seen={SHA: NOW - timedelta(hours=1)})
    shown = delivery(AppState(app, Stored(record)), View({}, {}), lambda *_: None, head=SHA, repository_error="")
    assert shown.seen_at == NOW - timedelta(hours=1)
