"""An Application as Argo CD users write it: flat, or a whole `kind: Application` object."""

from __future__ import annotations

import re
from typing import Any

from reconciler.config.fields import Fields, Notes, nearest
from reconciler.config.model import (
    Application,
    Automated,
    Destination,
    Directory,
    IgnoreDifference,
    Retry,
    Source,
    SyncPolicy,
)
from reconciler.yaml.positions import Path

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_NOT_YET = "is a field of Argo CD that is not supported yet: remove it"
_IN_CLUSTER = ("https://kubernetes.default.svc", "in-cluster")
_OPTIONS = (
    "AllowRewrite",
    "ApplyOutOfSyncOnly",
    "CreateNamespace",
    "Delete",
    "FailOnSharedResource",
    "Force",
    "Prune",
    "PruneLast",
    "PrunePropagationPolicy",
    "Replace",
    "RespectIgnoreDifferences",
    "ServerSideApply",
    "SkipDryRunOnMissingResource",
    "Validate",
)


def application(value: Any, path: Path, notes: Notes) -> Application:
    """Decodes one entry; problems go into `notes`. `source.target_revision` is "" when none or HEAD is named."""
    entry = Fields(value, path, notes)
    if "kind" in entry or "spec" in entry:
        return _whole_object(entry)
    return _spec(entry, _name(entry))


def is_dns_label(name: str) -> bool:
    return bool(_NAME.fullmatch(name))


def _whole_object(entry: Fields) -> Application:
    entry.one_of("kind", ["Application"], "Application")
    entry.one_of("apiVersion", ["argoproj.io/v1alpha1"], "argoproj.io/v1alpha1")
    metadata = entry.fields("metadata")
    for ignored in ("namespace", "labels", "annotations", "finalizers"):
        metadata.value(ignored)
    name = _name(metadata)
    metadata.finish()
    made = _spec(entry.fields("spec"), name)
    for ignored in ("status", "operation"):
        entry.value(ignored)
    entry.finish()
    return made


def _name(fields: Fields) -> str:
    name = fields.text("name", required=True)
    if name and not is_dns_label(name):
        fields.problem("name", f"{name!r} cannot name an Application", "use at most 63 of a-z, 0-9 and '-'")
    return name


def _spec(spec: Fields, name: str) -> Application:
    if spec.text("project", "default") != "default":
        spec.problem("project", "projects are not supported yet", "write default or remove it")
    if "source" not in spec and "sources" not in spec:
        spec.problem("source", "source is missing")
    made = Application(
        name=name,
        source=_source(spec.fields("source")),
        destination=_destination(spec.fields("destination")),
        sync_policy=_sync_policy(spec.fields("syncPolicy")),
        ignore_differences=tuple(_ignore_difference(each) for each in spec.mappings("ignoreDifferences")),
    )
    spec.refuse(dict.fromkeys(("sources", "sourceHydrator", "info", "revisionHistoryLimit"), _NOT_YET))
    spec.finish()
    return made


def _source(source: Fields) -> Source:
    directory = source.fields("directory")
    made = Source(
        repo_url=source.text("repoURL", required=bool(source)),
        path=source.text("path", "."),
        target_revision=_branch(source),
        directory=Directory(directory.flag("recurse"), directory.text("include"), directory.text("exclude")),
    )
    directory.refuse({"jsonnet": _NOT_YET})
    directory.finish()
    source.refuse(dict.fromkeys(("chart", "helm", "kustomize", "plugin", "ref", "name"), _NOT_YET))
    source.finish()
    return made


def _branch(source: Fields) -> str:
    revision = source.text("targetRevision").removeprefix("refs/heads/")
    if re.fullmatch(r"[0-9a-f]{40}|refs/tags/.*|.*[*<>=^~ ].*", revision):
        what = f"targetRevision {revision!r} is not a branch: tags, commits and ranges are not supported yet"
        source.problem("targetRevision", what, "name a branch")
        return ""
    return "" if revision == "HEAD" else revision


def _destination(destination: Fields) -> Destination:
    for name in ("server", "name"):
        if destination.text(name, _IN_CLUSTER[0]) not in _IN_CLUSTER:
            what = f"destination.{name} names another cluster, which is not supported yet"
            destination.problem(name, what, "run one daemon per cluster and remove this field")
    namespace = destination.text("namespace", "default")
    if not is_dns_label(namespace):
        destination.problem("namespace", f"{namespace!r} is not a namespace's name")
    destination.finish()
    return Destination(namespace)


def _sync_policy(policy: Fields) -> SyncPolicy:
    automated = _automated(policy) if "automated" in policy else None
    policy.value("automated")
    options = policy.texts("syncOptions")
    for index, option in enumerate(options):
        _check_option(policy, index, option)
    made = SyncPolicy(automated, options, _retry(policy.fields("retry")))
    policy.refuse({"managedNamespaceMetadata": _NOT_YET})
    policy.finish()
    return made


def _automated(policy: Fields) -> Automated | None:
    fields = policy.fields("automated")
    enabled = fields.flag("enabled", True)
    made = Automated(fields.flag("prune"), fields.flag("selfHeal"), fields.flag("allowEmpty"))
    fields.finish()
    return made if enabled else None


def _check_option(policy: Fields, index: int, option: str) -> None:
    name, equals, value = option.partition("=")
    if name not in _OPTIONS:
        near = nearest(name, _OPTIONS)
        fix = f"did you mean {near}={value or 'true'}?" if near else f"known are {', '.join(_OPTIONS)}"
        policy.notes.add((*policy.path, "syncOptions", index), f"unknown sync option {option!r}", fix)
    elif not equals or not value:
        policy.notes.add((*policy.path, "syncOptions", index), f"{option!r} has no value", f"write {name}=true")


def _retry(retry: Fields) -> Retry:
    backoff = retry.fields("backoff")
    factor = backoff.number("factor", 2)
    if factor < 1:
        backoff.problem("factor", "factor must be 1 or more")
    made = Retry(
        limit=retry.number("limit", -1),
        duration=backoff.seconds("duration", 5.0, minimum=0.1),
        factor=float(max(factor, 1)),
        max_duration=backoff.seconds("maxDuration", 180.0, minimum=0.1),
    )
    backoff.finish()
    retry.refuse({"refresh": _NOT_YET})
    retry.finish()
    return made


def _ignore_difference(entry: Fields) -> IgnoreDifference:
    pointers = entry.texts("jsonPointers")
    for index, pointer in enumerate(pointers):
        if pointer and not pointer.startswith("/"):
            where = (*entry.path, "jsonPointers", index)
            entry.notes.add(where, f"{pointer!r} is not a JSON pointer", f"write /{pointer.replace('.', '/')}")
    made = IgnoreDifference(
        group=entry.text("group"),
        kind=entry.text("kind", "*"),
        name=entry.text("name"),
        namespace=entry.text("namespace"),
        json_pointers=pointers,
        managed_fields_managers=entry.texts("managedFieldsManagers"),
    )
    entry.refuse({"jqPathExpressions": f"{_NOT_YET}, or use jsonPointers"})
    if not made.json_pointers and not made.managed_fields_managers and "jqPathExpressions" not in entry:
        entry.problem("jsonPointers", "this entry ignores nothing", "list jsonPointers or managedFieldsManagers")
    entry.finish()
    return made
