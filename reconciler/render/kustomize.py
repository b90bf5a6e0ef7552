"""kustomize, run as a child process on a private copy of just the files that it needs (spec gitops §1.4).

No network, no plugins, no KRM functions, the default load restrictor, an empty home, a bare environment, and limits on
time, memory and output. The output is cached by the ids of everything that went in and the tool's version.

kustomize does not know which fields of a Rollout hold names, labels and replicas. The private copy gets that as a
`configurations:` entry (rollout-transformers.json) in every kustomization, because each one transforms with its own
configurations only; not when the repository brings its own for Rollout, since two that differ are an error. Nor does it
know that a Rollout's containers are merged by name: without a schema, a patch of one container drops all others. So the
copy also gets an `openapi:` entry (patch-schema.json), unless the repository has one.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from reconciler import process
from reconciler.errors import Position, Problem, UserError
from reconciler.render import plain
from reconciler.render.cache import Cache
from reconciler.render.export import export, write
from reconciler.render.kustomization import Closure, closure
from reconciler.render.manifests import read
from reconciler.render.model import Entry, Found, Limits, Tree
from reconciler.yaml.loader import load

TIMEOUT_SECONDS = 90.0
MAX_OUTPUT = 64 * 1024 * 1024
MEMORY_BYTES = 8 * 1024 * 1024 * 1024
"""Address space: Go reserves far more of it than it uses."""

_HERE = Path(__file__).parent
_SHIPPED = {name: (_HERE / name).read_bytes() for name in ("rollout-transformers.json", "patch-schema.json")}
_COPY_OF = ".reconciler-"
"""How the name of a shipped file begins in the private copy."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A binary that builds kustomizations, by its absolute path."""

    argv: tuple[str, ...]
    version: str

    def __str__(self) -> str:
        return f"kustomize {self.version}"


def collect(tree: Tree, directory: Entry, cache: Cache, search_path: str) -> tuple[str, plain.Collected]:
    """The tool and the objects of the kustomization in `directory`. Raises `Transient` when it hangs."""
    tool = find_tool(search_path)
    needed = closure(tree, directory.path)
    result = plain.Collected(inputs=needed.inputs, problems=list(needed.problems))
    if needed.problems:
        return str(tool), result
    try:
        output = _build(tree, directory.path, needed, tool, cache)
    except UserError as error:
        result.problems += error.problems
        return str(tool), result
    manifests = read(output, needed.kustomizations[directory.path].path, built=True)
    result.objects += manifests.objects
    result.problems += manifests.problems
    if len(result.objects) > Limits().objects:
        result.problems.append(Problem(f"{len(result.objects):,} objects, but the limit is {Limits().objects:,}"))
    result.warnings += _idle_images(needed, manifests.objects, directory.path)
    return str(tool), result


@lru_cache(maxsize=8)
def find_tool(search_path: str) -> Tool:
    """kustomize, else kubectl, on `search_path` (as PATH). Raises `UserError` telling how to get one."""
    for name, build, version in (
        ("kustomize", ("build",), ("version",)),
        ("kubectl", ("kustomize",), ("version", "--client", "--output=json")),
    ):
        binary = shutil.which(name, path=search_path)
        if binary:
            return Tool((binary, *build), _version(binary, version))
    what = "this Application is a kustomization, but neither kustomize nor kubectl is on PATH"
    raise UserError(Problem(what, "install one: https://kubectl.docs.kubernetes.io/installation/kustomize/"))


def _version(binary: str, arguments: tuple[str, ...]) -> str:
    with tempfile.TemporaryDirectory(prefix="reconciler-kustomize-") as home:
        done = process.run([binary, *arguments], cwd=home, env=_environment(home), timeout=30, max_output=65536)
    if done.code != 0:
        raise UserError(Problem(f"{binary} does not run: {_last_line(done.stderr)}", "install kustomize anew"))
    text = done.stdout.decode(errors="replace").strip()
    try:
        return str(orjson.loads(text)["kustomizeVersion"])
    except (ValueError, KeyError, TypeError):
        return text.splitlines()[0][:60] if text else "of unknown version"


def _build(tree: Tree, directory: str, needed: Closure, tool: Tool, cache: Cache) -> bytes:
    key = _key(directory, needed, tool)
    output = cache.outputs.get(key)
    if output is None:
        output = _run(tree, directory, needed, tool)
        cache.outputs.put(key, output)
    return output


def _key(directory: str, needed: Closure, tool: Tool) -> str:
    parts = [directory, str(tool), hashlib.sha256(b"".join(_SHIPPED.values())).hexdigest()]
    parts += [f"{path} {entry.id}" for path, entry in sorted(needed.files.items())]
    parts += [f"{path} -> {real}" for path, real in sorted(needed.links.items())]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _run(tree: Tree, directory: str, needed: Closure, tool: Tool) -> bytes:
    with tempfile.TemporaryDirectory(prefix="reconciler-kustomize-") as work:
        root, home = Path(work, "repository"), Path(work, "home")
        root.mkdir()
        home.mkdir()
        export(tree, needed.files, needed.links, root)
        if _uses_rollouts(tree, needed):
            _teach(root, directory, needed, tree)
        done = process.run(
            [*tool.argv, str(root / directory)],
            cwd=root,
            env=_environment(str(home)),
            timeout=TIMEOUT_SECONDS,
            max_output=MAX_OUTPUT,
            memory_bytes=MEMORY_BYTES,
        )
    if done.code != 0:
        said = done.stderr.decode(errors="replace").replace(f"{root}/", "").replace(str(root), ".").strip()
        raise UserError(Problem(f"kustomize: {said[-2000:]}", at=Position(needed.kustomizations[directory].path)))
    return done.stdout


def _environment(home: str) -> dict[str, str]:
    return {"HOME": home, "TMPDIR": home, "XDG_CONFIG_HOME": home, "PATH": "/nonexistent", "LANG": "C.UTF-8"}


def _uses_rollouts(tree: Tree, needed: Closure) -> bool:
    return any(b"argoproj.io/" in tree.read(entry) for entry in needed.files.values())


def _teach(root: Path, top: str, needed: Closure, tree: Tree) -> None:
    """Adds what kustomize has to know about Rollouts to the private copies; `top` is the one whose schema counts."""
    own = (entry for path, entry in needed.files.items() if path in needed.configurations)
    if not any(b"Rollout" in tree.read(entry) for entry in own):
        for directory, entry in needed.kustomizations.items():
            _amend(root, directory, entry, "rollout-transformers.json")
    _amend(root, top, needed.kustomizations[top], "patch-schema.json")


def _amend(root: Path, directory: str, entry: Entry, shipped: str) -> None:
    """Names one shipped file in the private copy of a kustomization, which is written anew as JSON."""
    copy = root / entry.path
    value: dict[str, Any] = dict(load(copy.read_bytes(), entry.path)[0].value)
    name = _COPY_OF + shipped
    if shipped == "patch-schema.json":
        if value.get("openapi"):
            return
        value["openapi"] = {"path": name}
    else:
        own = value.get("configurations")
        value["configurations"] = [*(own if isinstance(own, list) else []), name]
    copy.write_bytes(orjson.dumps(value))
    write(root, f"{directory}/{name}" if directory not in ("", ".") else name, _SHIPPED[shipped])


def _idle_images(needed: Closure, objects: tuple[Found, ...], directory: str) -> Iterator[Problem]:
    """Overrides that changed nothing: the commonest silent mistake."""
    if not needed.images:
        return
    used = {_repository(image) for found in objects for image in _images(found.manifest)}
    for name, new in needed.images:
        if new not in used:
            at = Position(needed.kustomizations[directory].path)
            fix = "write the image's name as the manifests do, without tag"
            yield Problem(f"the image override {name!r} matched no container", fix, at)


def _images(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "image" and isinstance(item, str):
                yield item
            else:
                yield from _images(item)
    elif isinstance(value, list):
        for item in value:
            yield from _images(item)


def _repository(image: str) -> str:
    """The name of an image without tag and digest; a registry's port is not a tag."""
    name = image.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name


def _last_line(text: bytes) -> str:
    return (text.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1][:300]
