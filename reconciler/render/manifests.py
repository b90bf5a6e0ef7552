"""One file's text → its Kubernetes objects, checked for shape (spec gitops §1.3). Pure, so it is cached by content.

A file that cannot be read is an error if it looks like Kubernetes at all, else it is skipped with a warning: people
keep templates and values beside their manifests. "Looks like" is: one document did parse as an object, or the text has
`apiVersion:`, `kind:` and `metadata:`. Everything wrong with the file is reported, not only the first thing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.errors import Position, Problem, UserError
from reconciler.render import digest
from reconciler.render.lists import expand
from reconciler.render.model import Found
from reconciler.render.validate import faults
from reconciler.yaml.loader import Document, load
from reconciler.yaml.positions import Path, Positions

SKIP_MARKER = b"+argocd:skip-file-rendering"
_SIGNS = tuple(re.compile(rb"\b%s[\"']?\s*:" % name) for name in (b"apiVersion", b"kind", b"metadata"))


@dataclass(frozen=True, slots=True)
class Manifests:
    """What a file holds. With `problems`, `objects` are incomplete and must not be used. `size` is the text's bytes."""

    objects: tuple[Found, ...] = ()
    warnings: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    size: int = 0


def read(text: bytes, file: str, *, built: bool = False) -> Manifests:
    """Objects of one file. `built`: a tool's output, so any mistake is an error and lines mean nothing to people."""
    if SKIP_MARKER in text and not built:
        return Manifests(size=len(text))
    try:
        documents = _json(text, file) if file.endswith(".json") else load(text, file)
    except UserError as error:
        return _unreadable(text, file, error.problems, strict=built)
    strangers = [document for document in documents if not _is_object(document.value)]
    if strangers and not built and not (len(strangers) < len(documents) or _looks_like_kubernetes(text)):
        at = Position(file, strangers[0].line)
        return Manifests(warnings=(Problem("is not a Kubernetes manifest and was skipped", at=at),), size=len(text))
    return _objects(documents, file, len(text), built)


def _objects(documents: tuple[Document, ...], file: str, size: int, built: bool) -> Manifests:
    objects: list[Found] = []
    problems: list[Problem] = []
    for document in documents:
        try:
            for manifest, path in expand(document.value):
                positions = None if built else document.positions
                wrong = list(_problems(manifest, path, file, document, built))
                problems += wrong
                if not wrong:
                    objects.append(_found(manifest, path, file, document, positions))
        except TypeError:  # orjson: half of a surrogate pair, which only an escape can write
            problems.append(Problem("holds text that is not Unicode", at=Position(file, document.line)))
        except UserError as error:
            problems += [Problem(each.what, each.fix, Position(file, document.line)) for each in error.problems]
    return Manifests(tuple(objects), (), tuple(problems), size)


def _problems(manifest: Any, path: Path, file: str, document: Document, built: bool) -> Iterator[Problem]:
    for fault in faults(manifest):
        line, column = (0, 0) if built else document.positions.of((*path, *fault.path))
        name = _name(manifest)
        yield Problem(f"{name}: {fault.what}" if name else fault.what, fault.fix, Position(file, line, column))


def _found(manifest: dict[str, Any], path: Path, file: str, document: Document, positions: Positions | None) -> Found:
    line = positions.of(path)[0] if positions and path else document.line
    return Found(
        manifest=manifest,
        at=Position(file, line if positions else 0),
        group=manifest["apiVersion"].rpartition("/")[0],
        kind=manifest["kind"],
        name=manifest["metadata"]["name"],
        namespace=manifest["metadata"].get("namespace") or "",
        digest=digest.of_object(manifest),
        positions=positions,
        inside=path,
    )


def _unreadable(text: bytes, file: str, problems: tuple[Problem, ...], strict: bool) -> Manifests:
    if strict or _looks_like_kubernetes(text):
        return Manifests(problems=problems, size=len(text))
    first = problems[0]
    warning = Problem(
        f"was skipped: it is not a Kubernetes manifest and cannot be read: {first.what}", first.fix, first.at
    )
    return Manifests(warnings=(warning,), size=len(text))


def _looks_like_kubernetes(text: bytes) -> bool:
    return all(sign.search(text) for sign in _SIGNS)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and "kind" in value


def _name(manifest: Any) -> str:
    if not isinstance(manifest, dict) or not isinstance(manifest.get("kind"), str):
        return ""
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{manifest['kind']} {name}" if isinstance(name, str) else str(manifest["kind"])


def _json(text: bytes, file: str) -> tuple[Document, ...]:
    """Exactly one value; duplicate keys, NaN and infinities are refused as in YAML."""
    problems: list[Problem] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            problems.append(Problem(f"key {twice!r} is there twice", "remove one of the two", Position(file)))
        return made

    def constant(text: str) -> Any:
        problems.append(Problem(f"{text} is not JSON", at=Position(file)))

    try:
        value = json.loads(text, object_pairs_hook=mapping, parse_constant=constant, parse_int=_json_integer)
    except json.JSONDecodeError as error:
        raise UserError(Problem(error.msg, at=Position(file, error.lineno, error.colno))) from None
    except (RecursionError, UnicodeError) as error:
        raise UserError(Problem(f"cannot be read: {error}", at=Position(file))) from None
    if problems:
        raise UserError(problems)
    return (Document(value, 0, 1, Positions(text, 0)),)


def _json_integer(text: str) -> int | float:
    """Go reads what no 64-bit integer can hold as a float."""
    value = int(text) if len(text) <= 20 else float(text)
    return value if -(2**63) <= value < 2**64 else float(value)
