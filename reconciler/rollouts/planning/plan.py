"""How an update will go, before anything is deployed: the production `decide`, rehearsed under a clock of its own.

The stable version is deployed on a stage (`stage.py`), then the new one, and each completed step is noted down: pods,
traffic, time. A pause without end is ended by a promotion, as a person would.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import orjson

from reconciler.analysis.model import RolloutAnalysis
from reconciler.errors import Problem, UserError
from reconciler.kube.api import Object
from reconciler.rollouts import validation, verbs
from reconciler.rollouts.model import decode_rollout
from reconciler.rollouts.planning import figures as plan_figures
from reconciler.rollouts.planning.measuring import Measures
from reconciler.rollouts.planning.stage import Stage, set_up
from reconciler.rollouts.progress import walked
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.strategy_model import BlueGreen, Canary
from reconciler.workloads.template_hash import hash_or_nothing, pod_template_hash

_LIMIT = 5_000
"""Decisions after which a rehearsal is given up: one of them per change and per wake-up."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What goes wrong in a simulation. `abort_at` is the number of a step, from 1; times are since the release."""

    never_ready: bool = False
    analysis_fails_after: timedelta | None = None
    abort_at: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The end of a step. `weight` and `share` are percent: asked for, and what the new version really gets.

    `most` and `fewest` are all pods, and those available, at any moment of the step. `took` None: until somebody
    promotes.
    """

    number: int
    text: str
    weight: float
    share: float
    canary: int
    stable: int
    most: int
    fewest: int
    took: timedelta | None
    analyses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """`outcome` is the phase at the end. `lingers`: how long pods without traffic stay after that."""

    name: str
    replicas: int
    strategy: str
    routed: bool
    rows: tuple[Row, ...]
    outcome: str
    message: str = ""
    lingers: timedelta = timedelta()

    @property
    def lasts(self) -> timedelta:
        """Without pauses that have no end."""
        return sum((row.took for row in self.rows if row.took is not None), timedelta())

    @property
    def waits(self) -> bool:
        return any(row.took is None for row in self.rows)


def plan(
    rollout: Object, measures: Measures, *, starting: timedelta = timedelta(), failure: Failure | None = None
) -> Plan:
    """Rehearses an update of this Rollout from a healthy version. Raises `UserError` for one that the engine refuses.

    `measures` says how long an `analysis` takes, `starting` how long a pod.
    """
    _check(rollout)
    template = rollout["spec"]["template"]
    stage = set_up(rollout, measures, starting)
    stage.release(_before(template))
    _Rehearsal(stage, None).run()
    failure = failure or Failure()
    if failure.never_ready:
        stage.broken.add(pod_template_hash(template))
    stage.release(template)
    return _Rehearsal(stage, failure).run()


class _Rehearsal:
    """`failure` None: the first deployment, of which nothing is noted down."""

    def __init__(self, stage: Stage, failure: Failure | None) -> None:
        self._stage, self._failure, self._rows = stage, failure or Failure(), list[Row]()
        self._first = failure is None
        self._released = self._begun = stage.now
        self._index, self._aborted = 0, False
        self._shared = 0.0
        self._forget()

    def run(self) -> Plan:
        promoted = False
        for _ in range(_LIMIT):
            if self._interfere():
                continue
            self._analyses |= dict.fromkeys(self._stage.measured)
            decision, changed = self._stage.reconcile()
            self._note(promoted=promoted)
            promoted = False
            if self._delivered():
                return self._finish()
            if changed:
                continue
            if self._given_up():
                return self._finish()
            if self._waits_for_person():
                if (due := self._due()) and self._stage.measured:  # nobody promotes before what is played in has come
                    self._stage.now = due
                    continue
                promoted = not self._noted_before_the_cutover()
                self._stage.do(verbs.promote(self._stage.rollout))
                continue
            following = [time for time in (decision.wake_at, self._stage.next_event(), self._due()) if time]
            if not following:
                return self._finish()
            self._stage.now = min(following)
        raise UserError(Problem("this update comes to no end in a rehearsal", "report it with the Rollout"))

    def _interfere(self) -> bool:
        """What goes wrong now."""
        failure, rollout = self._failure, self._stage.rollout
        begun = rollout.status.current_pod_hash != rollout.status.stable_rs
        if failure.abort_at == self._index + 1 and begun and not self._aborted:
            self._aborted = True
            self._stage.do(verbs.abort(rollout))
            return True
        if (due := self._fails_at()) is not None and due <= self._stage.now and self._stage.measured:
            self._stage.end_analyses("Failed", "as simulated")
        return False

    def _fails_at(self) -> datetime | None:
        after = self._failure.analysis_fails_after
        return None if after is None else self._released + after

    def _due(self) -> datetime | None:
        due = self._fails_at()
        return due if due is not None and due > self._stage.now else None

    def _forget(self) -> None:
        self._most, self._fewest, self._analyses = 0, 10**9, dict[str, None]()

    def _note(self, *, promoted: bool) -> None:
        world = self._stage.observe()
        self._count(world)
        course = walked(self._stage.rollout)
        if self._first or world.aborted or (world.is_blue_green and world.promoted):
            return
        for index in range(self._index, course.done):
            self._row(world, index + 1, course.texts[index], endless=promoted)
            self._index = index + 1
        if not world.promoted:
            self._shared = plan_figures.share(world)

    def _count(self, world: World) -> None:
        """Pods at this moment."""
        pods = sum(rs.status.replicas for rs in world.replica_sets) + self._stage.side_pods
        self._most = max(self._most, pods)
        self._fewest = min(self._fewest, sum(rs.available for rs in world.replica_sets))

    def _noted_before_the_cutover(self) -> bool:
        """Of a blue-green update the decision that ends the pause may also promote it: then nothing is left to see."""
        world, texts = self._stage.observe(), walked(self._stage.rollout).texts
        if self._first or not world.is_blue_green or texts[self._index : self._index + 1] != ("pause",):
            return False
        self._row(world, self._index + 1, "pause", endless=True)
        self._index += 1
        return True

    def _row(self, world: World, number: int, text: str, *, endless: bool = False) -> None:
        canary = world.new.size if world.new else 0
        left = sum(rs.size for rs in world.replica_sets) - canary
        took = None if endless else self._stage.now - self._begun
        self._rows.append(
            Row(
                number=number,
                text=text,
                weight=plan_figures.asked(world, number),
                share=self._shared if number and world.promoted else plan_figures.share(world),
                canary=canary,
                stable=left,
                most=self._most,
                fewest=self._fewest,
                took=took,
                analyses=tuple(self._analyses),
            )
        )
        self._begun = self._stage.now
        self._forget()

    def _delivered(self) -> bool:
        return verbs.settled(self._stage.rollout) and self._stage.rollout.status.phase == "Healthy"

    def _given_up(self) -> bool:
        """Asked when nothing is left to do at once: what failed may still be aborted, by the engine itself."""
        return self._stage.rollout.status.phase == "Degraded" and not self._busy()

    def _busy(self) -> bool:
        """Whether an aborted update still moves pods back."""
        world = self._stage.observe()
        stable = world.stable
        return bool(world.aborted and stable and (stable.available < world.replicas))

    def _finish(self) -> Plan:
        world, stage = self._stage.observe(), self._stage
        status = stage.rollout.status
        if not self._first:
            self._count(world)
            self._row(world, 0, plan_figures.ending(world))
        return Plan(
            name=stage.rollout.metadata.name,
            replicas=world.replicas,
            strategy="blueGreen" if world.is_blue_green else "canary",
            routed=world.routes_traffic,
            rows=tuple(self._rows),
            outcome=status.phase,
            message=status.message,
            lingers=plan_figures.lingering(world, stage.now),
        )

    def _waits_for_person(self) -> bool:
        world = self._stage.observe()
        step = world.current_step
        endless = step is not None and step.pause is not None and step.pause.duration is None
        by_hand = world.is_blue_green and world.blue_green.auto_promotion_enabled is False
        return (endless or by_hand) and bool(world.status.pause_conditions)


def _check(rollout: Object) -> None:
    decoded = decode_rollout(orjson.dumps(rollout))
    found = validation.problems(decoded, hash_or_nothing(decoded.spec.template or {}))
    found = found or list(_analyses(decoded.spec.strategy.chosen))
    if found:
        raise UserError([Problem(f"{decoded.metadata.name}: {text}") for text in found])


def _analyses(strategy: Canary | BlueGreen) -> Iterator[str]:
    """Problems of the kind that an API server finds by the definition of Rollouts."""
    for analysis in strategy.analyses:
        try:
            msgspec.convert(analysis or {}, RolloutAnalysis)
        except msgspec.ValidationError as error:
            yield f"analysis: Invalid value: {error}"


def _before(template: Object) -> Object:
    """Some other version."""
    before = copy.deepcopy(template)
    metadata = before.get("metadata") or {}
    before["metadata"] = {**metadata, "annotations": {**(metadata.get("annotations") or {}), "rehearsal": "before"}}
    return before
