"""Arguments of a run: merged with the template's, taken from the Rollout, written into metrics (spec rollouts §7.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from reconciler.analysis.model import Argument, FieldRef
from reconciler.errors import Problem, UserError
from reconciler.kube.api import Object

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_WHOLE_METADATA = ("metadata.labels", "metadata.annotations")
"""Written as the downward API writes them: a line `key="value"` each."""
_METADATA_ENTRY = re.compile(r"metadata\.(labels|annotations)\['([^']*)'\]")
_PATH_PART = re.compile(r"\.?([A-Za-z0-9_/-]+)|\[([0-9]+)\]|\['([^']*)'\]")


def merge(incoming: Iterable[Argument], declared: Iterable[Argument]) -> tuple[tuple[Argument, ...], list[Problem]]:
    """The declared arguments with what the caller says instead; what the templates do not know is dropped."""
    given = {arg.name: arg for arg in incoming if arg.value is not None or arg.value_from is not None}
    merged = tuple(given.get(arg.name, arg) for arg in declared)
    problems = [
        Problem(f"args.{arg.name} was not resolved", "give it a value where the template is used, or a default")
        for arg in merged
        if arg.value is None and arg.value_from is None
    ]
    return merged, problems


def from_rollout(
    args: Iterable[Argument], rollout: Object, stable_hash: str, latest_hash: str
) -> tuple[list[Argument], list[Problem]]:
    """The Rollout's own arguments with hashes and fields read; secretKeyRef stays a reference."""
    resolved: list[Argument] = []
    problems: list[Problem] = []
    hashes = {"Stable": stable_hash, "Latest": latest_hash}
    for arg in args:
        try:
            resolved.append(_resolved(arg, rollout, hashes))
        except UserError as error:
            problems += [Problem(f"args.{arg.name}: {problem.what}", problem.fix) for problem in error.problems]
            resolved.append(Argument(name=arg.name, value=""))  # so that `merge` does not report it again
    return resolved, problems


def _resolved(arg: Argument, rollout: Object, hashes: Mapping[str, str]) -> Argument:
    source = arg.value_from
    if source is None:
        return arg
    if source.pod_template_hash_value is not None:
        if source.pod_template_hash_value not in hashes:
            raise UserError(Problem(f'podTemplateHashValue "{source.pod_template_hash_value}"', "use Stable or Latest"))
        return Argument(name=arg.name, value=hashes[source.pod_template_hash_value])
    if source.field_ref is not None:
        return Argument(name=arg.name, value=field_text(rollout, source.field_ref))
    return arg


def field_text(obj: Object, ref: FieldRef) -> str:
    """The field as plain text; a missing label (`metadata.labels['x']`) is empty. UserError if no such field."""
    entry = _METADATA_ENTRY.fullmatch(ref.field_path)
    if entry is not None:
        return str(obj.get("metadata", {}).get(entry[1], {}).get(entry[2], ""))
    if ref.field_path in _WHOLE_METADATA:
        entries = obj.get("metadata", {}).get(ref.field_path.removeprefix("metadata."), {})
        return "\n".join(f"{key}={orjson.dumps(entries[key]).decode()}" for key in sorted(entries))
    value = obj
    for part in _path(ref.field_path):
        try:
            value = value[part]  # type: ignore[index]  # an int meets a list, a str a dict; anything else raises
        except (KeyError, IndexError, TypeError):
            raise UserError(Problem(f'the Rollout has no field "{ref.field_path}" (nothing at "{part}")')) from None
    return _plain(value, ref.field_path)


def _path(text: str) -> list[str | int]:
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        match = _PATH_PART.match(text, position)
        if match is None:
            raise UserError(
                Problem(f'fieldPath "{text}" cannot be read', "write it like spec.template.spec.containers[0].image")
            )
        name, index, key = match.groups()
        parts.append(int(index) if index is not None else name if name is not None else key)
        position = match.end()
    return parts


def _plain(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, float):
        return orjson.dumps(int(value) if value.is_integer() else value).decode()
    raise UserError(
        Problem(f'the Rollout field "{path}" is not a single value', "point to a string, number or boolean")
    )


def substitute(metric: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The metric with every `{{args.x}}` in its strings replaced. Raises UserError naming unknown placeholders."""
    unknown: list[str] = []
    replaced = _replace(metric, values, unknown)
    if unknown:
        raise UserError([Problem(f"failed to resolve {{{{{name}}}}}") for name in dict.fromkeys(unknown)])
    assert isinstance(replaced, dict)
    return replaced


def _replace(node: Any, values: Mapping[str, str], unknown: list[str]) -> Any:
    if isinstance(node, str):
        return _replace_text(node, values, unknown) if "{{" in node else node
    if isinstance(node, Mapping):
        return {_replace(k, values, unknown): _replace(v, values, unknown) for k, v in node.items()}
    if isinstance(node, list | tuple):
        return [_replace(item, values, unknown) for item in node]
    return node


def _replace_text(text: str, values: Mapping[str, str], unknown: list[str]) -> str:
    def value_of(match: re.Match[str]) -> str:
        name = match[1].strip()
        prefix, _, arg = name.partition("args.")
        if prefix == "" and arg in values:
            return values[arg]
        unknown.append(name)
        return match[0]

    return _PLACEHOLDER.sub(value_of, text)
