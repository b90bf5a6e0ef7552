"""Experiments in a rehearsal: pods start, then they last their time, or that of their required analyses. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from reconciler.experiments.model import ExperimentSpec, Template
from reconciler.kube.api import Object
from reconciler.kube.durations import parse_go_duration
from reconciler.rollouts.planning.measuring import Measures, Measuring
from reconciler.workloads import keys


@dataclass(slots=True)
class StagedExperiment:
    """`verdict`: how it ended, once it has; then `ends` is when. `begins` None: its pods are never all ready."""

    spec: ExperimentSpec
    begins: datetime | None
    ends: datetime
    measured: tuple[Measuring, ...]
    verdict: str = ""
    message: str = ""

    def end(self, verdict: str, now: datetime, message: str = "") -> None:
        if not self.verdict:
            self.verdict, self.ends, self.message = verdict, now, message

    def settle(self, now: datetime) -> Object:
        """Its status now."""
        if self.ends <= now and self.begins:
            self.end("Successful", self.ends)
        elif self.ends <= now:
            self.end("Failed", self.ends, "its pods did not get ready in time")
        phase = self.verdict or ("Running" if self._runs(now) else "Pending")
        return {
            "phase": phase,
            "message": self.message,
            "templateStatuses": [_status(t.name) for t in self.spec.templates],
        }

    def analyses(self, now: datetime) -> list[str]:
        """What is being measured now, in words."""
        return [each.text for each in self.measured] if self._runs(now) and not self.verdict else []

    def _runs(self, now: datetime) -> bool:
        return self.begins is not None and self.begins <= now

    def pods(self, now: datetime) -> int:
        gone = bool(self.verdict) and self.ends + timedelta(seconds=self.spec.delay_seconds) <= now
        return 0 if gone else sum(template.size for template in self.spec.templates)

    def events(self) -> list[datetime]:
        """When something happens by itself."""
        return [self.begins, self.ends] if self.begins else [self.ends]


def staged(
    body: Object, measures: Measures, now: datetime, starting: timedelta, broken: Collection[str] = ()
) -> StagedExperiment:
    """One that was just created; `starting` is how long its pods take, `broken` the versions whose pods never start."""
    spec = msgspec.convert(body["spec"], ExperimentSpec)
    if any(_version(each) in broken for each in spec.templates):
        return StagedExperiment(spec, None, now + timedelta(seconds=spec.deadline_seconds), ())
    begins = now + starting + timedelta(seconds=max((each.min_ready_seconds for each in spec.templates), default=0))
    measured = {each.name: _measuring(msgspec.to_builtins(each), measures) for each in spec.analyses}
    required = [measured[name].lasts or timedelta() for name in spec.required]
    lasts = max(required) if required else parse_go_duration(spec.duration)
    return StagedExperiment(spec, begins, begins + lasts, tuple(measured.values()))


def _version(template: Template) -> str:
    metadata = (template.template or {}).get("metadata") or {}
    return str((metadata.get("labels") or {}).get(keys.HASH, ""))


def _measuring(analysis: Object, measures: Measures) -> Measuring:
    reference = {"templateName": analysis["templateName"], "clusterScope": analysis.get("clusterScope", False)}
    required = analysis.get("requiredForCompletion", False)
    wanted = {"templates": [reference], "args": analysis.get("args", [])}
    return measures(wanted, "Step" if required else "Background")


def _status(name: str) -> Object:
    return {"name": name, "serviceName": name, "podTemplateHash": name}
