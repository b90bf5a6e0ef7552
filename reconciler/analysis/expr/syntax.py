"""From the text of an expression to its tree."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from lark import Lark, Token, Tree
from lark.exceptions import LarkError, UnexpectedInput

from reconciler.analysis.expr.errors import ExpressionError

Node = Tree[Token]

LONGEST_TEXT = 10_000
"""Characters; more cannot be meant, and bounds the time to compile."""

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


def parse(text: str) -> Node:
    """Raises ExpressionError with the place of the first character that does not fit."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError(f"the expression is longer than {LONGEST_TEXT} characters")
    try:
        return _parser().parse(text)
    except UnexpectedInput as error:
        seen = error.get_context(text, span=15).split("\n")[0]
        raise ExpressionError(f"syntax error at {place(error)}, near: {seen.strip()}") from None
    except LarkError as error:
        raise ExpressionError(f"syntax error: {error}") from None


def place(at: object) -> str:
    """`line:column` of a token, a node or an error, counted from 1."""
    position = at.meta if isinstance(at, Tree) else at
    return f"{getattr(position, 'line', 1)}:{getattr(position, 'column', 1)}"


def unquoted(literal: str) -> str:
    """The text of a quoted string. Raises ExpressionError for an escape that Go does not know."""
    return _ESCAPE.sub(_unescaped, literal[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 3 and code.isdigit():
        return chr(int(code, 8))
    if code[0] in "xuU" and len(code) > 1:
        return chr(int(code[1:], 16)) if int(code[1:], 16) < 0x110000 else "\ufffd"
    if code in _LETTERS or code in "\\'\"`":
        return _LETTERS.get(code, code)
    raise ExpressionError(f"unknown escape \\{code} in a string")
