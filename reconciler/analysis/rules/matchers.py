"""Label matchers as people write them between the braces of a PromQL selector."""

from __future__ import annotations

import re

_MATCHER = re.compile(
    r"""[ \t\r\n]*(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\\n]|\\.)+")[ \t\r\n]*(?:=~|!~|!=|=)[ \t\r\n]*"""
    r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)[ \t\r\n]*"""
)


def checked(text: str) -> str:
    """The matchers without what surrounds them. Raises ValueError with what cannot be read.

    Nothing but matchers gets into a query, whatever an argument's value has brought along.
    """
    at, matchers = 0, []
    text = text.strip().rstrip(",")
    while at < len(text):
        match = _MATCHER.match(text, at)
        if match is None or text[match.end() : match.end() + 1] not in ("", ","):
            raise ValueError(f'{text[at:].strip()!r} is no label matcher; write label="value", other=~"pattern"')
        matchers.append(match[0].strip())
        at = match.end() + 1
    return ",".join(matchers)
