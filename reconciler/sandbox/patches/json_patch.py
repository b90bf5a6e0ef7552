"""JSON patch (RFC 6902), with the one liberty that the real server takes: replacing an absent field adds it."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.patches.copies import copied


class DoesNotFit(ValueError):
    """An operation that cannot be carried out on this object: a failed test or a missing place."""


def patched(value: Any, operations: Any) -> Any:
    """Raises DoesNotFit, with nothing changed."""
    if not isinstance(operations, list):
        raise DoesNotFit("a JSON patch is a list of operations")
    result = copied(value)
    for operation in operations:
        result = carried_out(result, operation)
    return result


def carried_out(value: Any, operation: Any) -> Any:
    name, path = operation.get("op"), tokens(operation.get("path"))
    if name == "test":
        if found(value, path) != operation.get("value"):
            raise DoesNotFit(f"test failed: {operation.get('path')}")
        return value
    if name == "remove":
        return removed(value, path)
    if name in ("add", "replace"):
        return placed(value, path, operation.get("value"), replace=name == "replace")
    if name in ("move", "copy"):
        source = tokens(operation.get("from"))
        moved = copied(found(value, source))
        return placed(removed(value, source) if name == "move" else value, path, moved, replace=False)
    raise DoesNotFit(f"unknown operation {name!r}")


def tokens(pointer: Any) -> list[str]:
    if pointer == "":
        return []
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise DoesNotFit(f"no JSON pointer: {pointer!r}")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def found(value: Any, path: list[str]) -> Any:
    for token in path:
        value = step(value, token)
    return value


def step(value: Any, token: str) -> Any:
    if isinstance(value, dict) and token in value:
        return value[token]
    if isinstance(value, list):
        return value[index(token, len(value) - 1)]
    raise DoesNotFit(f"no such place: {token!r}")


def index(token: str, last: int) -> int:
    if not token.isdigit() or int(token) > last:
        raise DoesNotFit(f"no such index: {token!r}")
    return int(token)


def removed(value: Any, path: list[str]) -> Any:
    if not path:
        return None
    parent = found(value, path[:-1])
    step(parent, path[-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]
    return value


def placed(value: Any, path: list[str], new: Any, *, replace: bool) -> Any:
    if not path:
        return new
    parent, last = found(value, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = new
    elif isinstance(parent, list) and replace:
        parent[index(last, len(parent) - 1)] = new
    elif isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else index(last, len(parent)), new)
    else:
        raise DoesNotFit(f"no such place: {last!r}")
    return value
