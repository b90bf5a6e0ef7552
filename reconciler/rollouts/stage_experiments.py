"""Experiments in a rehearsal: pods start, then they last their time, or that of their required analyses. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from reconciler.experiments.model import ExperimentSpec
from reconciler.kube.api import Object
from reconciler.kube.durations import parse_go_duration
from reconciler.rollouts.measuring import Measures, Measuring


@dataclass(slots=True)
class StagedExperiment:
    """`verdict`: how it ended, once it has; then `ends` is when."""

    spec: ExperimentSpec
    begins: datetime
    ends: datetime
    measured: tuple[Measuring, ...]
    verdict: str = ""
    message: str = ""

    def end(self, verdict: str, now: datetime, message: str = "") -> None:
        if not self.verdict:
            self.verdict, self.ends, self.message = verdict, now, message

    def settle(self, now: datetime) -> Object:
        """Its status now."""
        if self.ends <= now:
            self.end("Successful", self.ends)
        phase = self.verdict or ("Running" if self.begins <= now else "Pending")
        return {
            "phase": phase,
            "message": self.message,
            "templateStatuses": [_status(t.name) for t in self.spec.templates],
        }

    def analyses(self, now: datetime) -> list[str]:
        """What is being measured now, in words."""
        return [each.text for each in self.measured] if self.begins <= now and not self.verdict else []

    def pods(self, now: datetime) -> int:
        gone = bool(self.verdict) and self.ends + timedelta(seconds=self.spec.delay_seconds) <= now
        return 0 if gone else sum(template.size for template in self.spec.templates)

    def events(self) -> list[datetime]:
        """When something happens by itself."""
        return [self.begins, self.ends]


def staged(body: Object, measures: Measures, now: datetime, starting: timedelta) -> StagedExperiment:
    """One that was just created; `starting` is how long its pods take."""
    spec = msgspec.convert(body["spec"], ExperimentSpec)
    begins = now + starting + timedelta(seconds=max((each.min_ready_seconds for each in spec.templates), default=0))
    measured = {each.name: _measuring(msgspec.to_builtins(each), measures) for each in spec.analyses}
    required = [measured[name].lasts or timedelta() for name in spec.required]
    lasts = max(required) if required else parse_go_duration(spec.duration)
    return StagedExperiment(spec, begins, begins + lasts, tuple(measured.values()))


def _measuring(analysis: Object, measures: Measures) -> Measuring:
    reference = {"templateName": analysis["templateName"], "clusterScope": analysis.get("clusterScope", False)}
    required = analysis.get("requiredForCompletion", False)
    wanted = {"templates": [reference], "args": analysis.get("args", [])}
    return measures(wanted, "Step" if required else "Background")


def _status(name: str) -> Object:
    return {"name": name, "serviceName": name, "podTemplateHash": name}
