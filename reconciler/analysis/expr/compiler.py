"""From the tree of an expression to closures, checking types on the way.

One method per kind of node; each compiles its children first and returns `Code`: the type that the value will have and
the closure that gets it. What is known beforehand is checked here, the rest when the value is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from lark import Token, Tree

from reconciler.analysis.expr import access, functions, methods, operators, predicates, values
from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.frame import Code, Frame, Run
from reconciler.analysis.expr.syntax import Node, place, unquoted
from reconciler.analysis.expr.types import ANY, BOOL, FLOAT, INT, INTS, LIST, MAP, NIL, STRING, Kind, Type

DEEPEST = 100
"""Levels of nesting; an operator chain of that many terms is one, too."""

_CHAINING = frozenset({"<", "<=", ">", ">="})
_BINARY = frozenset({"arithmetic", "comparison", "conjunction", "disjunction", "range"})


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean at a place. `element` is None outside of predicates; `variables` reads each from its slot."""

    element: Type | None = None
    accumulates: bool = False
    variables: Mapping[str, Code] = field(default_factory=dict)
    depth: int = 0


class Compiler:
    """Compiles one expression; afterwards `slots` says how many variables a frame needs."""

    def __init__(self, globals_: Mapping[str, Code]) -> None:
        self.slots = 0
        self._globals = globals_
        self._nodes: dict[str, Callable[[list[Any], Scope], Code]] = {
            "true": lambda _c, _s: _constant(BOOL, True),
            "false": lambda _c, _s: _constant(BOOL, False),
            "nil": lambda _c, _s: Code(NIL, lambda _frame: None),
            "integer": lambda children, _s: _constant(INT, _integer(children[0])),
            "decimal": lambda children, _s: _constant(FLOAT, float(children[0].replace("_", ""))),
            "string": lambda children, _s: _constant(STRING, unquoted(children[0])),
            "raw_string": lambda children, _s: _constant(STRING, str(children[0][1:-1])),
            "name": self._name,
            "pointer": self._pointer,
            "element_member": lambda children, scope: access.field(_element(scope), str(children[0])),
            "group": lambda children, scope: self._link(children[0], scope),
            "list": self._list,
            "map": self._map,
            "let": self._let,
            "sequence": self._sequence,
            "conditional": self._conditional,
            "elvis": self._elvis,
            "disjunction": self._disjunction,
            "conjunction": self._conjunction,
            "comparison": self._comparison,
            "range": self._range,
            "arithmetic": self._arithmetic,
            "negation": self._negation,
            "sign": self._sign,
            "coalesce": self._coalesce,
            "member": lambda children, scope: access.field(self._link(children[0], scope), str(children[1])),
            "optional_member": lambda children, scope: access.optional_field(
                self._link(children[0], scope), str(children[1])
            ),
            "index": lambda children, scope: access.item(
                self._link(children[0], scope), self.compile(children[1], scope)
            ),
            "optional_index": lambda children, scope: access.optional_item(
                self._link(children[0], scope), self.compile(children[1], scope)
            ),
            "slice": self._slice,
            "call": lambda children, scope: self._call(children[0], children[1:], scope),
            "pipe_call": lambda children, scope: self._call(children[1], [children[0], *children[2:]], scope),
            "method": self._method,
            "predicate": lambda children, scope: self._misplaced(children[0]),
        }

    def compile(self, node: Node, scope: Scope) -> Code:
        """Raises ExpressionError that says where."""
        if scope.depth > DEEPEST:
            raise ExpressionError(f"the expression is nested deeper than {DEEPEST} levels")
        try:
            return access.ended(self._link(node, scope))
        except ExpressionError as error:
            if str(error).endswith(")") or scope.depth == 0:
                raise
            raise ExpressionError(f"{error} (at {place(node)})") from None

    def _link(self, node: Node, scope: Scope) -> Code:
        """Like `compile`, but what follows may be left out with it: `a?.b.c` is nil as a whole when `a` is."""
        if node.data in _BINARY and any(isinstance(c, Tree) and c.data == "coalesce" for c in node.children[:-1]):
            raise ExpressionError("?? cannot be mixed with other operators; wrap either in parentheses")
        return self._nodes[node.data](node.children, replace(scope, depth=scope.depth + 1))

    def _name(self, children: list[Any], scope: Scope) -> Code:
        name = str(children[0])
        if name in scope.variables:
            return scope.variables[name]
        if name in self._globals:
            return self._globals[name]
        raise ExpressionError(f"unknown name {name} (at {place(children[0])})")

    def _pointer(self, children: list[Any], scope: Scope) -> Code:
        element = _element(scope)
        match str(children[0]):
            case "#index":
                return Code(INT, lambda frame: frame.index)
            case "#acc":
                if not scope.accumulates:
                    raise ExpressionError("#acc is only there in reduce")
                return Code(ANY, lambda frame: frame.accumulator)
        return element

    def _list(self, children: list[Any], scope: Scope) -> Code:
        items = [self.compile(child, scope) for child in children]
        runs = [item.run for item in items]
        types = {ANY if item.nullable else item.type for item in items}
        type_ = Type(Kind.LIST, types.pop()) if len(types) == 1 else LIST

        def run(frame: Frame) -> list[Any]:
            frame.spend(len(runs))
            return [item(frame) for item in runs]

        return Code(type_, run)

    def _map(self, children: list[Any], scope: Scope) -> Code:
        pairs = [(self._key(pair.children[0], scope), self.compile(pair.children[1], scope).run) for pair in children]
        return Code(MAP, lambda frame: {key(frame): value(frame) for key, value in pairs})

    def _key(self, key: Any, scope: Scope) -> Run:
        if isinstance(key, Tree):
            code = self.compile(key, scope)
            if code.type not in (STRING, ANY):
                raise ExpressionError(f"a key must be a string, not {code.type}")
            return lambda frame: _string(code.run(frame))
        text = unquoted(key) if key.type == "STRING" else str(key)
        return lambda _frame: text

    def _let(self, children: list[Any], scope: Scope) -> Code:
        name, value = str(children[0]), self.compile(children[1], scope)
        if name in self._globals or name in scope.variables:
            raise ExpressionError(f"cannot redeclare {name}")
        slot, self.slots = self.slots, self.slots + 1
        variable = Code(value.type, lambda frame: frame.variables[slot], nullable=value.nullable)
        inner = replace(scope, variables={**scope.variables, name: variable})
        body = self.compile(children[2], inner)

        def run(frame: Frame) -> Any:
            frame.variables[slot] = value.run(frame)
            return body.run(frame)

        return Code(body.type, run, nullable=body.nullable)

    def _sequence(self, children: list[Any], scope: Scope) -> Code:
        """`a; b` is b; a is compiled, so that its mistakes are found, and evaluated, as it may fail."""
        first, *rest = (self.compile(child, scope) for child in children if child is not None)
        if not rest:
            return first
        last = rest[0]

        def run(frame: Frame) -> Any:
            first.run(frame)
            return last.run(frame)

        return Code(last.type, run, nullable=last.nullable)

    def _conditional(self, children: list[Any], scope: Scope) -> Code:
        condition, then, otherwise = (self.compile(child, scope) for child in children)
        if condition.type not in (BOOL, ANY):
            raise ExpressionError(f"non-bool expression (type {condition.type}) used as condition")
        test, yes, no = _boolean(condition), then.run, otherwise.run
        nullable = then.nullable or otherwise.nullable
        return Code(_either(then, otherwise), lambda frame: yes(frame) if test(frame) else no(frame), nullable=nullable)

    def _elvis(self, children: list[Any], scope: Scope) -> Code:
        return self._conditional([children[0], children[0], children[1]], scope)

    def _disjunction(self, children: list[Any], scope: Scope) -> Code:
        left, right = self._booleans("or", children, scope)
        return Code(BOOL, lambda frame: left(frame) or right(frame))

    def _conjunction(self, children: list[Any], scope: Scope) -> Code:
        left, right = self._booleans("and", children, scope)
        return Code(BOOL, lambda frame: left(frame) and right(frame))

    def _booleans(self, sign: str, children: list[Any], scope: Scope) -> tuple[Run, Run]:
        left, right = (self.compile(child, scope) for child in children)
        if not {left.type, right.type} <= {BOOL, ANY}:
            raise ExpressionError(f"invalid operation: {sign} (mismatched types {left.type} and {right.type})")
        return _boolean(left), _boolean(right)

    def _comparison(self, children: list[Any], scope: Scope) -> Code:
        """`a < b < c` means both; other comparisons go from left to right."""
        value: Code | None = None
        chain: list[Code] = []
        operands = [self.compile(child, scope) for child in children if isinstance(child, Tree)]
        for sign, (left, right) in zip(_signs(children), pairwise(operands), strict=True):
            if sign in _CHAINING:
                chain.append(operators.comparison(sign, left if chain or value is None else value, right))
                value = _all_of(chain)
            else:
                value, chain = _compared(sign, left if value is None else value, right), []
        assert value is not None
        return value

    def _range(self, children: list[Any], scope: Scope) -> Code:
        first, last = (self.compile(child, scope) for child in children)
        if not {first.type, last.type} <= {INT, ANY}:
            raise ExpressionError(f"invalid operation: .. (mismatched types {first.type} and {last.type})")

        def run(frame: Frame) -> list[int]:
            low, high = access.whole(first.run(frame)), access.whole(last.run(frame))
            frame.spend(max(high - low + 1, 0))
            return list(range(low, high + 1))

        return Code(INTS, run)

    def _arithmetic(self, children: list[Any], scope: Scope) -> Code:
        return operators.arithmetic(
            str(children[1]), self.compile(children[0], scope), self.compile(children[2], scope)
        )

    def _negation(self, children: list[Any], scope: Scope) -> Code:
        code = self.compile(children[-1], scope)
        if code.type not in (BOOL, ANY):
            raise ExpressionError(f"invalid operation: not (mismatched type {code.type})")
        test = _boolean(code)
        return Code(BOOL, lambda frame: not test(frame))

    def _sign(self, children: list[Any], scope: Scope) -> Code:
        code = self.compile(children[1], scope)
        if not code.type.is_number and code.type != ANY:
            raise ExpressionError(f"invalid operation: {children[0]} (mismatched type {code.type})")
        if children[0] == "+":
            return code
        run = code.run
        constant = -code.constant if code.constant is not None else None
        return Code(code.type, lambda frame: values.negative(run(frame)), constant)

    def _coalesce(self, children: list[Any], scope: Scope) -> Code:
        first, otherwise = (self.compile(child, scope) for child in children)
        left, right = first.run, otherwise.run

        def run(frame: Frame) -> Any:
            value = left(frame)
            return right(frame) if value is None else value

        type_ = otherwise.type if first.type == NIL else _either(first, otherwise)
        return Code(type_, run, nullable=otherwise.nullable)

    def _slice(self, children: list[Any], scope: Scope) -> Code:
        ends = [self.compile(child, scope) if child is not None else None for child in children[1:]]
        return access.part(self.compile(children[0], scope), ends[0], ends[1])

    def _call(self, name: Token, arguments: list[Any], scope: Scope) -> Code:
        if name in predicates.PREDICATES or name in ("reduce", "sortBy"):
            return self._predicate_call(str(name), arguments, scope)
        code = functions.call(str(name), [self.compile(argument, scope) for argument in arguments])
        if code is None:
            raise ExpressionError(f"unknown name {name} (at {place(name)})")
        return code

    def _predicate_call(self, name: str, arguments: list[Any], scope: Scope) -> Code:
        most = 3 if name in ("reduce", "sortBy") else 2
        if not 1 <= len(arguments) <= most or (most == 3 and len(arguments) == 1):
            raise ExpressionError(f"{name} does not take {len(arguments)} arguments")
        items = self.compile(arguments[0], scope)
        predicates.check_list(name, items.type)
        inner = replace(scope, element=items.type.of_elements, accumulates=name == "reduce" or scope.accumulates)
        body = self.compile(_body(arguments[1]), inner) if len(arguments) > 1 else None
        third = self.compile(arguments[2], scope) if len(arguments) > 2 else None
        if name == "reduce" and body is not None:
            return predicates.reduce(items, body, third)
        if name == "sortBy" and body is not None:
            return predicates.sort_by(items, body, third)
        return predicates.each(name, items, body)

    def _method(self, children: list[Any], scope: Scope) -> Code:
        arguments = [self.compile(argument, scope) for argument in children[2:]]
        return methods.method(self.compile(children[0], scope), str(children[1]), arguments)

    def _misplaced(self, body: Node) -> Code:
        raise ExpressionError(f"a predicate is not expected here (at {place(body)})")


def _body(argument: Node) -> Node:
    """A predicate without its braces."""
    inner: Node = argument.children[0] if argument.data == "predicate" else argument  # type: ignore[assignment]
    return inner


def _element(scope: Scope) -> Code:
    if scope.element is None:
        raise ExpressionError("# is only there in a predicate")
    return Code(scope.element, lambda frame: frame.element)


def _constant(type_: Type, value: Any) -> Code:
    return Code(type_, lambda _frame: value, value)


def _integer(token: Token) -> int:
    value = int(token.replace("_", ""), 0) if token[:2].lower() in ("0x", "0b", "0o") else int(token.replace("_", ""))
    if value >= 2**63:
        raise ExpressionError(f"invalid integer literal: {token}: value out of range")
    return value


def _either(one: Code, other: Code) -> Type:
    return one.type if one.type == other.type else ANY


def _boolean(code: Code) -> Run:
    if code.type == BOOL and not code.nullable:
        return code.run
    run = code.run
    return lambda frame: values.truth(run(frame))


def _signs(children: list[Any]) -> list[str]:
    """The operators between the operands, `not in` as one."""
    signs: list[str] = []
    negated = ""
    for child in children:
        if isinstance(child, Tree):
            continue
        if child.type == "NOT":
            negated = "not "
            continue
        signs.append(negated + child)
        negated = ""
    return signs


def _compared(sign: str, left: Code, right: Code) -> Code:
    if sign in ("==", "!="):
        return operators.comparison(sign, left, right)
    code = operators.word(sign.removeprefix("not "), left, right)
    run = code.run
    return Code(BOOL, lambda frame: not run(frame)) if sign.startswith("not ") else code


def _all_of(chain: list[Code]) -> Code:
    if len(chain) == 1:
        return chain[0]
    runs = [code.run for code in chain]
    return Code(BOOL, lambda frame: all(run(frame) for run in runs))


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ExpressionError(f"a string is needed here, but this is {values.go_name(value)}")
