"""Reads a PromQL expression just far enough to know its selectors and the operators at its top level.

No tree is built: a selector stands where an operand is expected, and what follows each kind of token is known. So an
expression keeps its text, comments and line breaks, and only gains matchers. What the language does not have is refused
and never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

LONGEST = 100_000
"""Characters of an expression that are looked at."""

MODIFIERS = frozenset({"bool", "on", "ignoring", "group_left", "group_right"})
SET_OPERATORS = frozenset({"and", "or", "unless"})
COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
_OPERATORS = SET_OPERATORS | COMPARISONS | {"atan2", "+", "-", "*", "/", "%", "^"}
_NUMBER_WORDS = frozenset({"inf", "nan"})
_GROUPING = frozenset({"by", "without"})
_CLOSING = {"(": ")", "[": "]", "{": "}"}

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+|\#[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<number>(?:[0-9]|\.[0-9])(?:[eE][+-](?=[0-9])|[0-9A-Za-z_.])*)
    |(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
    |(?P<sign>==|!=|>=|<=|=~|!~|[-+*/%^<>=@,(){}\[\]])""",
    re.VERBOSE,
)


class PromQLError(ValueError):
    """The expression cannot be read; the text says where."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One vector selector: where it begins and ends, and where a matcher can be put. `name` is "" inside braces."""

    name: str
    start: int
    end: int
    braced: bool
    empty: bool = True


@dataclass(frozen=True, slots=True)
class Operator:
    """A binary operator that is inside no parentheses."""

    text: str
    start: int
    end: int
    modified: bool = False


@dataclass(frozen=True, slots=True)
class Structure:
    selectors: tuple[Selector, ...]
    operators: tuple[Operator, ...]


def structure(expression: str) -> Structure:
    """Raises PromQLError for what is no PromQL as far as it has to be read."""
    if len(expression) > LONGEST:
        raise PromQLError(f"an expression of more than {LONGEST} characters")
    reader = _Reader(expression, [*_tokens(expression)])
    reader.read()
    return Structure(tuple(reader.selectors), tuple(reader.operators))


def with_matchers(expression: str, matchers: str) -> tuple[str, tuple[str, ...]]:
    """The expression with `matchers` in every selector, and those selectors alone, without range and offset."""
    found = structure(expression).selectors
    parts, at = [], 0
    narrowed = [_narrowed(expression, selector, matchers) for selector in found]
    for selector, text in zip(found, narrowed, strict=True):
        parts += [expression[at : selector.start], text]
        at = selector.end
    return "".join((*parts, expression[at:])), tuple(narrowed)


def _narrowed(expression: str, selector: Selector, matchers: str) -> str:
    text = expression[selector.start : selector.end]
    if not matchers:
        return text
    if not selector.braced:
        return f"{text}{{{matchers}}}"
    opening = text.index("{") if not selector.name else _after_name(text, selector.name)
    return f"{text[: opening + 1]}{matchers}{'' if selector.empty else ','}{text[opening + 1 :]}"


def _after_name(text: str, name: str) -> int:
    """Where the brace opens; between it and the name there may be comments with braces of their own."""
    return next(token.start for token in _tokens(text[len(name) :]) if token.text == "{") + len(name)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def word(self) -> str:
        """A keyword, which may be written in capitals; empty for anything but a name."""
        return self.text.lower() if self.kind == "name" else ""


_END = _Token("end", "", -1)


def _tokens(expression: str) -> Iterator[_Token]:
    at = 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise PromQLError(f"cannot read {expression[at : at + 20]!r} at character {at + 1}")
        if match.lastgroup != "space":
            yield _Token(str(match.lastgroup), match[0], at)
        at = match.end()


@dataclass
class _Reader:
    """`expects_operand`: what comes next is a value and not an operator; `depth` counts open parentheses."""

    expression: str
    tokens: list[_Token]
    at: int = 0
    expects_operand: bool = True
    depth: int = 0
    selectors: list[Selector] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)

    def read(self) -> None:
        while self.at < len(self.tokens):
            self._operand() if self.expects_operand else self._after_operand()
        if self.depth or self.expects_operand:
            raise PromQLError("the expression ends too early")

    def _peek(self, ahead: int = 0) -> _Token:
        position = self.at + ahead
        return self.tokens[position] if position < len(self.tokens) else _END

    def _operand(self) -> None:
        token = self._peek()
        if token.kind == "name":
            self._name(token)
        elif token.text == "{":
            self._selector("", token.start)
        elif token.kind in ("string", "number"):
            self._went(operand=False)
        elif token.text in ("+", "-"):
            self._went(operand=True)
        elif token.text in ("(", ")"):
            self._parenthesis(token)
        else:
            raise self._unexpected(token)

    def _name(self, token: _Token) -> None:
        following = self._peek(1)
        if token.word in MODIFIERS:
            self._modifier(token, following)
        elif following.text == "(":
            self._went(operand=True)
        elif following.word in _GROUPING:
            self.at += 2
            self._skip_brackets("(")
        elif token.word in _NUMBER_WORDS:
            self._went(operand=False)
        else:
            self._selector(token.text, token.start)

    def _modifier(self, token: _Token, following: _Token) -> None:
        """`bool`, `on (…)`, `group_left` and the like: they belong to the operator before them."""
        if not self.depth and self.operators:
            last = self.operators[-1]
            self.operators[-1] = Operator(last.text, last.start, last.end, modified=True)
        self._went(operand=True)
        if following.text == "(" and token.word != "bool":
            self._skip_brackets("(")

    def _selector(self, name: str, start: int) -> None:
        last = self._peek()
        if name:
            self.at += 1
        braced = self._peek().text == "{"
        empty = True
        if braced:
            empty = self._peek(1).text == "}"
            last = self._skip_brackets("{")
        self.selectors.append(Selector(name, start, last.end, braced, empty))
        self.expects_operand = False

    def _parenthesis(self, token: _Token) -> None:
        self.depth += 1 if token.text == "(" else -1
        if self.depth < 0:
            raise self._unexpected(token)
        self._went(operand=token.text == "(")

    def _after_operand(self) -> None:
        token = self._peek()
        steps: dict[str, Callable[[], object]] = {
            "[": lambda: self._skip_brackets("["),
            "@": self._moment,
            "offset": self._moment,
            "by": self._grouping,
            "without": self._grouping,
            ")": lambda: self._parenthesis(token),
            ",": self._comma,
        }
        word = token.word or token.text
        if word in _OPERATORS:
            self._operator(token, word)
        elif word in steps:
            steps[word]()
        else:
            raise self._unexpected(token)

    def _operator(self, token: _Token, word: str) -> None:
        if not self.depth:
            self.operators.append(Operator(word, token.start, token.end))
        self._went(operand=True)

    def _comma(self) -> None:
        if not self.depth:
            raise self._unexpected(self._peek())
        self._went(operand=True)

    def _grouping(self) -> None:
        self.at += 1
        self._skip_brackets("(")

    def _moment(self) -> None:
        """`offset -5m`, `@ 1700000000`, `@ start()`."""
        self.at += 1
        if self._peek().text in ("+", "-"):
            self.at += 1
        token = self._peek()
        if token.kind not in ("number", "name"):
            raise self._unexpected(token)
        self.at += 1
        if token.kind == "name":
            self._skip_brackets("(")

    def _skip_brackets(self, opening: str) -> _Token:
        """Everything up to the bracket that closes this one, which is returned. Brackets of this kind may be nested."""
        if self._peek().text != opening:
            raise self._unexpected(self._peek())
        depth = 0
        while (token := self._peek()) is not _END:
            self.at += 1
            depth += {opening: 1, _CLOSING[opening]: -1}.get(token.text, 0)
            if not depth:
                return token
        raise PromQLError(f"{opening!r} is never closed")

    def _went(self, *, operand: bool) -> None:
        self.at += 1
        self.expects_operand = operand

    def _unexpected(self, token: _Token) -> PromQLError:
        if token is _END:
            return PromQLError("the expression ends too early")
        return PromQLError(f"did not expect {token.text!r} at character {token.start + 1}")
