"""From a template, in the cluster or in files, and arguments to what an AnalysisRun would measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import orjson

from reconciler.analysis import arguments
from reconciler.analysis.model import AnalysisTemplate, Argument, RunSpec, TemplateRef, decode_template
from reconciler.analysis.templates import TemplateLookup, flatten
from reconciler.cli.checks import reading
from reconciler.errors import NotFound, Problem, UserError
from reconciler.kube.api import Cluster, Object
from reconciler.kube.objects import ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, ROLLOUTS

_CLUSTER_SCOPED = CLUSTER_ANALYSIS_TEMPLATES.kind
_KINDS = (ANALYSIS_TEMPLATES.kind, _CLUSTER_SCOPED)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A template and where the templates that it names are looked up."""

    reference: TemplateRef
    lookup: TemplateLookup


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run of the template would be: its spec, and the annotations that it takes over."""

    spec: RunSpec
    annotations: Mapping[str, str]


def is_file(subject: str) -> bool:
    return "/" in subject or subject.endswith((".yaml", ".yml", ".json")) or Path(subject).exists()


def in_cluster(cluster: Cluster, namespace: str, name: str, cluster_scope: bool) -> Chosen:
    def lookup(name: str, cluster_scope: bool) -> AnalysisTemplate | None:
        resource = CLUSTER_ANALYSIS_TEMPLATES if cluster_scope else ANALYSIS_TEMPLATES
        try:
            return _decoded(cluster.get(resource, None if cluster_scope else namespace, name))
        except NotFound:
            return None

    return Chosen(TemplateRef(template_name=name, cluster_scope=cluster_scope), lookup)


def in_files(path: Path, name: str = "") -> Chosen:
    """The template of that name, or the only one that no other in the files is made of. Raises `UserError`."""
    made = reading.read(path)
    if made.problems:
        raise UserError(made.problems)
    found = {_reference(item.manifest): _decoded(item.manifest) for item in made.items if _is_template(item.manifest)}
    nested = {ref for template in found.values() for ref in template.spec.templates}
    choices = [ref for ref in found if (ref.template_name == name if name else ref not in nested)]
    if len(choices) != 1:
        raise UserError(_undecided(path, name, list(found), choices))
    return Chosen(choices[0], lambda name, scope: found.get(TemplateRef(template_name=name, cluster_scope=scope)))


def measured(chosen: Chosen, given: Sequence[Argument]) -> Measured:
    """Raises `UserError` with all that is wrong with templates and arguments, misspelt ones included."""
    flat, problems = flatten([chosen.reference], chosen.lookup)
    args, unresolved = arguments.merge(given, flat.spec.args)
    known = [arg.name for arg in flat.spec.args]
    if not problems:
        problems = [_unknown(arg.name, known) for arg in given if arg.name not in known] + [
            Problem(problem.what, f"give it with --arg {problem.what.split()[0].removeprefix('args.')}=VALUE")
            for problem in unresolved
        ]
    if problems:
        raise UserError(problems)
    spec = RunSpec(
        metrics=flat.spec.metrics,
        args=args,
        dry_run=flat.spec.dry_run,
        measurement_retention=flat.spec.measurement_retention,
    )
    return Measured(spec, flat.annotations)


def _unknown(name: str, known: Sequence[str]) -> Problem:
    return Problem(f'the template has no argument "{name}"', f"it has {', '.join(known) or 'none'}")


def _undecided(path: Path, name: str, found: Sequence[TemplateRef], choices: Sequence[TemplateRef]) -> Problem:
    names = ", ".join(ref.template_name for ref in choices or found)
    if not found:
        return Problem(f"there is no AnalysisTemplate in {path}", "name a file that has one")
    if name and not choices:
        return Problem(f'there is no template "{name}" in {path}', f"it has {names}")
    return Problem(f"{path} has several templates: {names}", "choose one with --template")


def _is_template(manifest: Object) -> bool:
    return manifest.get("kind") in _KINDS and str(manifest.get("apiVersion", "")).startswith(f"{ROLLOUTS.group}/")


def _reference(manifest: Object) -> TemplateRef:
    cluster_scope = manifest.get("kind") == _CLUSTER_SCOPED
    return TemplateRef(template_name=str(manifest["metadata"]["name"]), cluster_scope=cluster_scope)


def _decoded(manifest: Object) -> AnalysisTemplate:
    try:
        return decode_template(orjson.dumps(manifest))
    except msgspec.ValidationError as error:
        raise UserError(f"{manifest.get('kind')} {manifest['metadata']['name']}: {error}") from None
