"""Which rule a name means, whether matchers are nothing else, and what an alert compares."""

from __future__ import annotations

import orjson
import pytest

from reconciler.analysis.rules import catalogue, matchers
from reconciler.analysis.rules.catalogue import Rule, RuleError, find
from reconciler.analysis.rules.comparison import Comparison, split


def a_rule(name: str, expression: str = "up", group: str = "shop", **labels: str) -> Rule:
    return Rule(name, expression, group, f"/etc/{group}.yaml", alerting=True, labels=labels)


RULES = (
    a_rule("HighErrorRate"),
    a_rule("HighLatency", "p99 > 1", severity="page"),
    a_rule("HighLatency", "p99 > 0.5", severity="ticket"),
    a_rule("Down", "up == 0", "shop"),
    a_rule("Down", "up < 1", "infra"),
    a_rule("Twice", severity="page"),
    a_rule("Twice", severity="ticket"),
)


@pytest.mark.parametrize(
    ("wanted", "expression"),
    [
        ("HighErrorRate", "up"),
        ("shop/HighErrorRate", "up"),
        ("infra/Down", "up < 1"),
        ('HighLatency{severity="ticket"}', "p99 > 0.5"),
        ('shop/HighLatency{severity="page"}', "p99 > 1"),
        ("Twice", "up"),
    ],
)
def test_a_rule_is_found_by_name_group_and_labels(wanted: str, expression: str) -> None:
    assert find(RULES, wanted).expression == expression


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("Down", "2 rules are named Down; name one of shop/Down{} (/etc/shop.yaml), infra/Down{} (/etc/infra.yaml)"),
        ("HighLatency", '2 rules are named HighLatency; name one of shop/HighLatency{severity="page"}'),
        ("higherrorrate", "there is no rule higherrorrate; similar ones are HighErrorRate"),
        ("infra/HighErorRate", "there is no rule infra/HighErorRate; similar ones are HighErrorRate"),
        ('HighLatency{severity="none"}', 'there is no rule HighLatency{severity="none"}; similar ones are HighLatency'),
        ("Nothing like it", "there is no rule Nothing like it"),
    ],
)
def test_what_is_not_found_is_answered_with_what_there_is(wanted: str, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        find(RULES, wanted)
    assert str(caught.value).startswith(message)


def test_a_prometheus_without_rules_says_so() -> None:
    with pytest.raises(RuleError, match="this Prometheus evaluates no rules"):
        find((), "HighErrorRate")


def test_a_list_of_rules_is_read_with_groups_and_durations() -> None:
    rules = [{"name": "A", "query": "a > 1", "type": "alerting", "duration": 300, "labels": {"severity": "page"}}]
    rules.append({"name": "a:b", "query": "b", "type": "recording"})
    body = {"status": "success", "data": {"groups": [{"name": "g", "file": "f", "interval": 15, "rules": rules}]}}
    alert, recording = catalogue.read(orjson.dumps(body))
    assert (alert.path, alert.alerting, alert.hold.seconds, alert.interval.seconds) == ("g/A", True, 300, 15)
    assert (recording.path, recording.alerting, recording.hold.seconds) == ("g/a:b", False, 0)


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("", ""),
        (' a="b" ', 'a="b"'),
        ("a=~\"x|y\", b!='z',", "a=~\"x|y\",b!='z'"),
        ('a="with, comma \\" and }"', 'a="with, comma \\" and }"'),
        ('"utf.8"="x"', '"utf.8"="x"'),
    ],
)
def test_matchers_are_taken_as_written(written: str, taken: str) -> None:
    assert matchers.checked(written) == taken


@pytest.mark.parametrize("written", ['a="b"} or up{x="y"', "a", "a=b", 'a="b" c="d"', 'a=="b"', '{a="b"}', 'a="'])
def test_nothing_but_matchers_gets_into_a_query(written: str) -> None:
    with pytest.raises(ValueError, match="is no label matcher"):
        matchers.checked(written)


@pytest.mark.parametrize(
    ("expression", "comparison"),
    [
        ("a / b > 0.05", Comparison("a / b", ">", 0.05)),
        ("0.05 < a", Comparison("a", ">", 0.05)),
        ("2 >= a", Comparison("a", "<=", 2)),
        ("a == 0", Comparison("a", "==", 0)),
        ("sum(a > 1) != 5e-1", Comparison("sum(a > 1)", "!=", 0.5)),
        ("a > bool 1", None),
        ("a > b", None),
        ("a > 1 and b", None),
        ("a > 1 < 2", None),
        ("absent(a)", None),
        ("(a > 1)", None),
        ("1 > 2", None),
        ("a > on (x) 1", None),
        ("a > Inf", None),
    ],
)
def test_what_is_measured_is_told_from_its_bound(expression: str, comparison: Comparison | None) -> None:
    assert split(expression) == comparison
