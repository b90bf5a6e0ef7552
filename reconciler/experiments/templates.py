"""Where the pods of each template stand (spec rollouts §9)."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from reconciler.experiments import services
from reconciler.experiments.model import Template, TemplatePhase, TemplateStatus
from reconciler.experiments.snapshot import World, replica_set_name, service_name
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.times import moment, stamp, stamp_not_before

_EMPTY = ReplicaSet()


def assess(world: World, now: datetime) -> World:
    """All template statuses now, and since when all templates were available together."""
    before = world
    world = _assessed(world, now)
    if world.ending and not before.ending:  # one template's failure ends the others
        world = _assessed(world, now)
    running = all(each.status is TemplatePhase.RUNNING for each in world.status.template_statuses)
    if running and not world.status.available_at:
        world = world.with_status(available_at=stamp_not_before(now))
    return world


def next_deadline(world: World) -> datetime | None:
    """When the first template that waits for pods has waited too long."""
    waiting = [
        moment(each.last_transition_time)
        for each in world.status.template_statuses
        if each.status is TemplatePhase.PROGRESSING and each.last_transition_time
    ]
    return min(waiting) + timedelta(seconds=world.spec.deadline_seconds) if waiting else None


def failed(status: TemplateStatus, message: str, now: datetime) -> TemplateStatus:
    """The template when what it needs cannot be made."""
    return msgspec.structs.replace(status, status=TemplatePhase.ERROR, message=message, last_transition_time=stamp(now))


def _assessed(world: World, now: datetime) -> World:
    return world.with_status(template_statuses=tuple(_status(world, each, now) for each in world.spec.templates))


def _status(world: World, template: Template, now: datetime) -> TemplateStatus:
    before = _settled_name(world, template)
    rs = world.replica_sets.get(template.name)
    counted = _counted(world, template, before, rs)
    if before.status and before.status.complete:
        return counted
    if stranger := _stranger(world, template, before):
        return failed(counted, stranger, now)
    phase = _phase(world, template, before, rs, now)
    changed = phase is not before.status or not before.last_transition_time
    since = stamp(now) if changed else before.last_transition_time
    message = ""
    if phase is TemplatePhase.FAILED:
        seconds = world.spec.deadline_seconds
        message = f"Template '{template.name}' exceeded its progressDeadlineSeconds ({seconds})"
    return msgspec.structs.replace(counted, status=phase, message=message, last_transition_time=since)


def _phase(
    world: World, template: Template, before: TemplateStatus, rs: ReplicaSet | None, now: datetime
) -> TemplatePhase:
    if world.ending or world.over(now):
        return TemplatePhase.SUCCESSFUL
    if rs and rs.size == template.size == rs.available:
        return TemplatePhase.RUNNING
    since = before.last_transition_time if before.status is TemplatePhase.PROGRESSING else None
    late = since is not None and moment(since) + timedelta(seconds=world.spec.deadline_seconds) < now
    return TemplatePhase.FAILED if late else TemplatePhase.PROGRESSING


def _counted(world: World, template: Template, before: TemplateStatus, rs: ReplicaSet | None) -> TemplateStatus:
    found = rs or _EMPTY
    name = rs.name if rs else replica_set_name(world.experiment, template, before.collision_count)
    service = service_name(template, name)
    return msgspec.structs.replace(
        before,
        replicas=found.status.replicas,
        updated_replicas=found.status.replicas,
        ready_replicas=found.status.ready_replicas,
        available_replicas=found.status.available_replicas,
        service_name=service if services.ports(template) else "",
        pod_template_hash=found.hash,
    )


def _settled_name(world: World, template: Template) -> TemplateStatus:
    """The status, with one more collision where the ReplicaSet's name is taken by another's."""
    status = world.status.template(template.name)
    name = replica_set_name(world.experiment, template, status.collision_count)
    if template.name in world.replica_sets or ("ReplicaSet", name) not in world.strangers:
        return status
    return msgspec.structs.replace(status, collision_count=(status.collision_count or 0) + 1)


def _stranger(world: World, template: Template, status: TemplateStatus) -> str:
    name = service_name(template, replica_set_name(world.experiment, template, status.collision_count))
    if ("Service", name) not in world.strangers:
        return ""
    return f"Service '{name}' belongs to somebody else: name another in service.name of template '{template.name}'"
