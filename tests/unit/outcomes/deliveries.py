"""Builders of deliveries for tests: only what a test speaks of is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.apps.delivery import (
    Delivery,
    Health,
    MetricReading,
    ObjectHealth,
    Operation,
    OperationPhase,
    WorkloadProgress,
)

T0 = datetime(2026, 1, 1, 12, tzinfo=UTC)
A = "a" * 40
B = "b" * 40
C = "c" * 40


def operation(phase: OperationPhase = OperationPhase.APPLIED, sha: str = A, **fields: Any) -> Operation:
    return Operation(sha, phase, T0 - timedelta(seconds=70), **fields)


def delivery(op: Operation | None, **fields: Any) -> Delivery:
    head = fields.pop("head", op.sha if op else "")
    return Delivery("shop", "https://forge.test/shop/deploy", "main", "shop", head=head, operation=op, **fields)


def thing(kind: str, health: Health, message: str = "", terminal: bool = False, name: str = "shop") -> ObjectHealth:
    return ObjectHealth(kind, "shop", name, health, message, terminal)


ERRORS = MetricReading("error-rate", "Running", "[0.002]", "result[0] < 0.10")
SLOW = MetricReading("p95-latency", "Running", "0.12", "result[0] < 0.5")


def bad(reading: MetricReading, value: str, phase: str = "Failed", **fields: Any) -> MetricReading:
    return replace(reading, phase=phase, value=value, **fields)


def rollout(health: Health = Health.PROGRESSING, **fields: Any) -> WorkloadProgress:
    given = {"images": ("registry.test/shop:v2",), "stable_images": ("registry.test/shop:v1",), **fields}
    return WorkloadProgress("Rollout", "shop", given.pop("name", "shop"), health, **given)


def canary(weight: int = 40, step: int = 3, steps: int = 8, **fields: Any) -> WorkloadProgress:
    return rollout(weight=weight, step=step, steps=steps, **fields)


def blue_green(weight: int, step: int, **fields: Any) -> WorkloadProgress:
    return rollout(strategy="BlueGreen", weight=weight, step=step, steps=4, **fields)


def in_motion(work: WorkloadProgress, *others: WorkloadProgress) -> Delivery:
    """Applied, with these workloads on their way."""
    objects = [
        thing(each.kind, each.health, terminal=each.health is Health.DEGRADED, name=each.name)
        for each in (work, *others)
    ]
    return delivery(operation(total=2), objects=(*objects, thing("Service", Health.HEALTHY)), workloads=(work, *others))
