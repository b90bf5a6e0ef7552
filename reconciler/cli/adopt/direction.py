"""The two ways that pods can change hands, as the verb tells and drives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson
import yaml

from reconciler.cli.adopt import strategies
from reconciler.cli.adopt.surroundings import scaler_notes
from reconciler.cli.declared import declared_by
from reconciler.errors import Problem, UserError
from reconciler.kube.api import Object
from reconciler.kube.objects import DEPLOYMENTS, ROLLOUTS
from reconciler.rollouts import validation
from reconciler.rollouts.adopting import giving as back
from reconciler.rollouts.adopting import manifests
from reconciler.rollouts.adopting import taking as there
from reconciler.rollouts.adopting.acts import Act
from reconciler.rollouts.adopting.found import Found, spec, target
from reconciler.rollouts.model import decode_rollout
from reconciler.workloads.parts import Json
from reconciler.workloads.template_hash import hash_or_nothing


@dataclass(frozen=True, slots=True)
class Direction:
    """`manifest`: YAML for git. `declared`: something applies the `old` kind from there."""

    headline: str
    notes: tuple[str, ...]
    old: str
    declared: bool
    manifest: str
    pod_labels: dict[str, str]
    next_act: Callable[[Found], Act | None]
    farewell: str


def taking(
    found: Found, *, steps: str = "", strategy: Path | None = None, workload_ref: bool = False, instance_id: str = ""
) -> Direction:
    """From a Deployment. Raises `UserError` with everything that stands in the way."""
    begun = there.begun(found)
    wish = there.Wish(_strategy(found, steps, strategy), workload_ref, instance_id)
    if not begun:
        _refuse(there.refusals(found, wish))
    planned = _planned(found, wish)
    pods = spec(found.deployment or planned).get("replicas", 1)
    verb = "goes on becoming" if begun else "becomes"
    git = declared_by(found.deployment) if found.deployment else ""
    return Direction(
        headline=f"Deployment {found.name} ({pods} pods) {verb} a Rollout in place.",
        notes=(
            *(("the Deployment stays, without pods of its own, and keeps the template",) if workload_ref else ()),
            *_git_notes(git, "Deployment", workload_ref),
            *scaler_notes(found, DEPLOYMENTS.kind, "Rollout"),
        ),
        old="Deployment",
        declared=bool(git),
        manifest=_text(manifests.for_git(planned, scaled=_scaled(found, DEPLOYMENTS.kind))),
        pod_labels=_labels(planned) or _labels(found.deployment or {}),
        next_act=partial(there.next_act, wish=wish),
        farewell=f"Rollout {found.name} has the pods. Look at it: reconciler rollouts get {found.name}",
    )


def giving(found: Found, *, without_engine: bool) -> Direction:
    """Back to a Deployment. Raises `UserError` with everything that stands in the way."""
    begun = back.begun(found)
    if not begun:
        _refuse(back.refusals(found))
    current = back.stable(found)
    made = manifests.deployment_of(found.rollout, current) if found.rollout and current else found.deployment or {}
    git = declared_by(found.rollout) if found.rollout else ""
    verb = "goes on becoming" if begun else "becomes"
    return Direction(
        headline=f"Rollout {found.name} ({spec(made).get('replicas', 1)} pods) {verb} a Deployment in place.",
        notes=(*_git_notes(git, "Rollout"), *scaler_notes(found, ROLLOUTS.kind, "Deployment")),
        old="Rollout",
        declared=bool(git),
        manifest=_text(manifests.for_git(_declared(made), scaled=_scaled(found, ROLLOUTS.kind))) if made else "",
        pod_labels=_labels(made),
        next_act=partial(back.next_act, wish=back.Wish(without_engine)),
        farewell=f"Deployment {found.name} has the pods. Look at it: kubectl rollout status deployment/{found.name}",
    )


def _strategy(found: Found, steps: str, strategy: Path | None) -> Json | None:
    if steps and strategy:
        raise UserError(Problem("--steps and --strategy exclude each other", "put the steps into the file"))
    if strategy:
        return strategies.from_file(strategy)
    bounds = (spec(found.deployment).get("strategy") or {}).get("rollingUpdate") or {}
    return strategies.from_steps(steps, bounds) if steps else None


def _planned(found: Found, wish: there.Wish) -> Object:
    """The Rollout that will be, checked as the engine will check it; or the one that is there."""
    if found.rollout is not None:
        return _declared(found.rollout)
    made = wish.rollout(found.deployment or {})
    decoded = decode_rollout(orjson.dumps(made))
    template = decoded.spec.template or {}
    problems = validation.problems(decoded, hash_or_nothing(template), resolved=False)
    _refuse(Problem(each, "mend the strategy") for each in problems)
    return made


def _declared(found: Object) -> Object:
    """An object as it belongs in git: without what the server and the engines keep in it."""
    kept = manifests.identity_of(found)
    body = {key: value for key, value in found["spec"].items() if key != "paused"}
    return {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": kept, "spec": body}


def _git_notes(git: str, kind: str, stays: bool = False) -> Iterable[str]:
    if not git:
        return ()
    if stays:
        text = "pause its sync, go on here, commit `replicas: 0` in it and the Rollout below beside it, and resume"
    else:
        text = f"pause its sync, go on here, commit what is below in place of the {kind}, and resume"
    return (f"{git} applies this {kind}: {text}. Else its next sync gives the {kind} pods of its own",)


def _scaled(found: Found, kind: str) -> bool:
    """Whether an HPA says how many pods there are, so that git should not."""
    return any((target(each).get("kind"), target(each).get("name")) == (kind, found.name) for each in found.scalers)


def _labels(obj: Object) -> dict[str, str]:
    template = spec(obj).get("template") or {}
    return dict((template.get("metadata") or {}).get("labels") or {})


def _refuse(problems: Iterable[Problem]) -> None:
    if found := list(problems):
        raise UserError(found)


def _text(manifest: Object) -> str:
    return yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True).rstrip()
