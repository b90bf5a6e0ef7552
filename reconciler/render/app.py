"""One Application at one commit → its targets. Called by the sync engine; the only entry of this room.

A render is whole or an error: one bad file fails it, with every problem of every file, because applying a partial set
and pruning the rest would delete what the mistake hid. The renderer is found by looking at the directory itself, never
above or below it (spec gitops §1.1): Chart.yaml, then a kustomization, else a plain directory.
"""

from __future__ import annotations

import os
from difflib import get_close_matches

from reconciler.errors import Position, Problem, UserError
from reconciler.render import digest, kustomize, plain, scope
from reconciler.render.cache import SHARED, Cache
from reconciler.render.inputs import Inputs
from reconciler.render.kustomization import NAMES as KUSTOMIZATIONS
from reconciler.render.model import Entry, IsNamespaced, Limits, Rendered, Source, Tree


def render(
    tree: Tree,
    source: Source,
    namespace: str,
    is_namespaced: IsNamespaced,
    *,
    cache: Cache = SHARED,
    limits: Limits | None = None,
    search_path: str = "",
) -> Rendered:
    """Renders `source.path` of `tree`; objects without a namespace go to `namespace`.

    Binaries are looked for on `search_path`, by default the daemon's own PATH.
    Raises `UserError` with all problems, or `Transient` when a tool took too long.
    """
    limits = limits or Limits()
    directory = _directory(tree, source.path)
    renderer, collected = _collect(
        tree, source, directory, cache, limits, search_path or os.environ.get("PATH", os.defpath)
    )
    if collected.problems:
        raise UserError(collected.problems)
    targets, warnings, problems = scope.place(collected.objects, namespace, is_namespaced)
    if problems:
        raise UserError(problems)
    return Rendered(
        targets=tuple(targets),
        warnings=(*collected.warnings, *warnings),
        renderer=renderer,
        digest=digest.of_all(target.digest for target in targets),
        inputs=collected.inputs | Inputs(files=frozenset([_plain_path(source.path), *_looked_for(directory.path)])),
    )


def _collect(
    tree: Tree, source: Source, directory: Entry, cache: Cache, limits: Limits, search_path: str
) -> tuple[str, plain.Collected]:
    names = {entry.path.rpartition("/")[2] for entry in tree.list(directory.path)}
    if "Chart.yaml" in names:
        fix = "commit the output of `helm template`, or wrap the chart with kustomize after rendering it"
        raise UserError(Problem("helm charts are not supported yet", fix, Position(_looked_for(directory.path)[0])))
    if names & set(KUSTOMIZATIONS):
        return kustomize.collect(tree, directory, cache, search_path)
    return "plain", plain.collect(tree, directory.path, source.directory, cache, limits)


def _directory(tree: Tree, path: str) -> Entry:
    """The Application's directory, links followed. Raises `UserError` with the nearest existing name."""
    found = tree.resolve(path)
    if found is not None and found.is_directory:
        return found
    parent, _, name = path.strip("/").rpartition("/")
    siblings = [entry.path.rpartition("/")[2] for entry in tree.list(parent) if entry.is_directory]
    near = get_close_matches(name, siblings, 1)
    what = f"the path {path!r} is " + ("a file, not a directory" if found else "not in the repository")
    fix = f"did you mean {f'{parent}/{near[0]}' if parent else near[0]!r}?" if near else "correct source.path"
    raise UserError(Problem(what, fix))


def _looked_for(directory: str) -> list[str]:
    names = ("Chart.yaml", *KUSTOMIZATIONS)
    return [f"{directory}/{name}" if directory else name for name in names]


def _plain_path(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))
