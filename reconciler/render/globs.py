"""`directory.include` and `directory.exclude`: globs over paths, with brace groups, as Argo CD reads them. Pure.

`*` and `?` match `/` too, so `*.yaml` also selects files in sub-directories. Matching is linear in the path (RE2):
a pattern cannot be made to hang the daemon.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import re2

from reconciler.errors import Problem, UserError

_MAX_LENGTH = 1000
Matcher = Callable[[str], bool]


def matcher(pattern: str) -> Matcher:
    """Whether a path matches `pattern` as a whole. Raises `UserError` for a pattern that is not one."""
    if len(pattern) > _MAX_LENGTH:
        raise UserError(Problem(f"the glob {pattern[:40]}… is longer than {_MAX_LENGTH} characters"))
    try:
        compiled = re2.compile(_expression(pattern))
    except re2.error:
        raise UserError(Problem(f"{pattern!r} is not a glob", "close every [ and {")) from None
    return lambda path: compiled.fullmatch(path) is not None


_TOKEN = re.compile(r"\\.|\[[!^]?.[^\]]*\]|.", re.DOTALL)
_WILDCARDS = {"*": ".*", "?": ".", "{": "(?:", "[": "["}
"""A `[` that stands alone was never closed: the expression is then refused as a whole."""


def _expression(pattern: str) -> str:
    """The same set of texts as a regular expression."""
    parts, depth = ["(?s)"], 0
    for part in _TOKEN.findall(pattern):
        if part == "," and depth:
            parts.append("|")
        elif part == "}" and depth:
            depth -= 1
            parts.append(")")
        else:
            depth += part == "{"
            parts.append(_WILDCARDS.get(part) or _literal(part))
    return "".join(parts)


def _literal(part: str) -> str:
    if len(part) > 1 and part[0] == "[":
        negated = part[1] in "!^"
        inner = part[2:-1] if negated else part[1:-1]
        return f"[{'^' if negated else ''}{inner.translate(_IN_CLASS)}]"
    return str(re2.escape(part[-1]))


_IN_CLASS = str.maketrans({char: f"\\{char}" for char in "\\[^&~|"})
