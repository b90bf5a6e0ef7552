"""Functions that try a predicate on each element: `all(result, # < 0.5)`.

The predicate sees the element as `#`, its position as `#index`, and in `reduce` what came so far as `#acc`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.analysis.expr import lists
from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.frame import Code, Frame, Run
from reconciler.analysis.expr.types import ANY, BOOL, INT, LIST, MAP, Kind, Type
from reconciler.analysis.expr.values import go_name, truth

Answers = list[Any]
"""What the predicate said of each element."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """`finish(items, answers)` makes the value. `yes_or_no`: the predicate must be boolean."""

    finish: Callable[[list[Any], Answers], Any]
    result: Type
    yes_or_no: bool = True
    optional: bool = False


def _found(items: list[Any], answers: Answers) -> list[Any]:
    return [item for item, yes in zip(items, answers, strict=True) if yes]


def _position(answers: Answers) -> Any:
    return answers.index(True) if True in answers else None


def _last_position(answers: Answers) -> Any:
    return len(answers) - 1 - answers[::-1].index(True) if True in answers else None


def _grouped(items: list[Any], answers: Answers) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for item, answer in zip(items, answers, strict=True):
        if isinstance(answer, list | dict):
            raise ExpressionError(f"cannot group by {go_name(answer)}")
        groups.setdefault(answer, []).append(item)
    return groups


PREDICATES: dict[str, Predicate] = {
    "all": Predicate(lambda _, answers: all(answers), BOOL),
    "any": Predicate(lambda _, answers: any(answers), BOOL),
    "none": Predicate(lambda _, answers: not any(answers), BOOL),
    "one": Predicate(lambda _, answers: answers.count(True) == 1, BOOL),
    "count": Predicate(lambda _, answers: answers.count(True), INT, optional=True),
    "filter": Predicate(_found, LIST),
    "find": Predicate(lambda items, answers: lists.first(_found(items, answers)), ANY),
    "findLast": Predicate(lambda items, answers: lists.last(_found(items, answers)), ANY),
    "findIndex": Predicate(lambda _, answers: _position(answers), ANY),
    "findLastIndex": Predicate(lambda _, answers: _last_position(answers), ANY),
    "map": Predicate(lambda _, answers: answers, LIST, yes_or_no=False),
    "sum": Predicate(lambda _, answers: lists.total(answers), ANY, yes_or_no=False, optional=True),
    "groupBy": Predicate(_grouped, MAP, yes_or_no=False),
}
"""Functions of a list and a predicate; `reduce` and `sortBy` take more and have code of their own."""

_FIRST = {"all": False, "any": True, "none": True, "find": True, "findIndex": True}
"""The answer after which these need not look further, as Go does not: later elements may be errors."""


def each(name: str, items: Code, body: Code | None) -> Code:
    """The call as code. Without a body the elements are their own answers. Raises ExpressionError for wrong types."""
    predicate = PREDICATES[name]
    check_list(name, items.type)
    if body is None and not predicate.optional:
        raise ExpressionError(f"{name} needs a predicate")
    answer = body.run if body is not None else _element
    kind = body.type.kind if body is not None else items.type.of_elements.kind
    if predicate.yes_or_no:
        if kind not in (Kind.BOOL, Kind.ANY):
            raise ExpressionError(f"predicate should return boolean (got {kind.value})")
        if kind is Kind.ANY or (body is not None and body.nullable):
            answer = _as_truth(answer)
    run = _loop(name, items.run, answer, predicate.finish)
    return Code(_result_type(name, items.type, body), run, nullable=name in ("find", "findLast"))


def _result_type(name: str, items: Type, body: Code | None) -> Type:
    answer = ANY if body is not None and body.nullable else body.type if body is not None else items.of_elements
    match name:
        case "filter":
            return Type(Kind.LIST, items.element)
        case "map":
            return Type(Kind.LIST, answer)
        case "find" | "findLast":
            return items.of_elements
        case "sum":
            return answer if answer.is_number else ANY
    return PREDICATES[name].result


def _loop(name: str, items: Run, answer: Run, finish: Callable[[list[Any], Answers], Any]) -> Run:
    enough = _FIRST.get(name)

    def run(frame: Frame) -> Any:
        elements = elements_of(name, items(frame))
        frame.spend(len(elements))
        outer = frame.element, frame.index
        answers = []
        for frame.index, frame.element in enumerate(elements):
            answers.append(answer(frame))
            if answers[-1] is enough:
                break
        frame.element, frame.index = outer
        return finish(elements[: len(answers)], answers)

    return run


def reduce(items: Code, body: Code, start: Code | None) -> Code:
    """Without a start the first element is it; of nothing there is then no value."""
    check_list("reduce", items.type)

    def run(frame: Frame) -> Any:
        elements = elements_of("reduce", items.run(frame))
        frame.spend(len(elements))
        if start is None and not elements:
            raise ExpressionError("reduce of empty array with no initial value")
        value = start.run(frame) if start is not None else elements[0]
        outer = frame.element, frame.index, frame.accumulator
        skipped = 0 if start is not None else 1
        for index, element in enumerate(elements[skipped:], skipped):
            frame.element, frame.index, frame.accumulator = element, index, value
            value = body.run(frame)
        frame.element, frame.index, frame.accumulator = outer
        return value

    return Code(ANY, run)


def sort_by(items: Code, body: Code, order: Code | None) -> Code:
    check_list("sortBy", items.type)
    keys = _loop("sortBy", items.run, body.run, lambda _, answers: answers)

    def run(frame: Frame) -> Any:
        direction = order.run(frame) if order is not None else "asc"
        try:
            return lists.ordered(elements_of("sortBy", items.run(frame)), keys(frame), direction)
        except ValueError as error:
            raise ExpressionError(f"sortBy: {error}") from None

    return Code(LIST, run)


def check_list(name: str, type_: Type) -> None:
    if type_.kind not in (Kind.LIST, Kind.ANY):
        raise ExpressionError(f"builtin {name} takes only array (got {type_})")


def elements_of(name: str, value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    hint = ": no data was returned" if value is None else ""
    raise ExpressionError(f"builtin {name} takes only array (got {go_name(value)}){hint}")


def _element(frame: Frame) -> Any:
    return frame.element


def _as_truth(answer: Run) -> Run:
    return lambda frame: truth(answer(frame))
