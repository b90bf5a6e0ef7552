import sys
from datetime import timedelta
from typing import Any

import pytest

from reconciler.analysis.model import Phase
from reconciler.analysis.providers.cloud_watch import check
from reconciler.analysis.providers.contract import ProviderError
from reconciler.aws import access
from tests.unit.analysis.providers.aws import fault, is_signed, metric_data_answer, metric_data_asked
from tests.unit.analysis.providers.vendor import NOW, Vendor, failed

STAT = {
    "metric": {
        "namespace": "AWS/ApplicationELB",
        "metricName": "HTTPCode_Target_5XX_Count",
        "dimensions": [{"name": "LoadBalancer", "value": "app/shop/1"}],
    },
    "period": "300",
    "stat": "Sum",
    "unit": "Count",
}
CONFIG: dict[str, Any] = {
    "interval": "30m",
    "metricDataQueries": [
        {"id": "rate", "expression": "errors / 100", "label": "Error rate"},
        {"id": "errors", "metricStat": STAT, "returnData": False, "period": 300},
    ],
}
RATE = {"Id": "rate", "Label": "Error rate", "StatusCode": "Complete", "Timestamps": [NOW], "Values": [0.02]}


def answers(aws: Vendor, *results: dict[str, Any], **more: Any) -> None:
    aws.answers(metric_data_answer({"MetricDataResults": list(results), "Messages": [], **more}))


def test_the_queries_are_asked_over_the_interval_until_now_and_signed(aws: Vendor) -> None:
    answers(aws, RATE)
    aws.measure("cloudWatch", CONFIG)
    (asked,) = aws.asked
    assert is_signed(asked, "monitoring", "eu-west-1")
    assert metric_data_asked(asked) == {
        "StartTime": NOW - timedelta(minutes=30),
        "EndTime": NOW,
        "MetricDataQueries": [
            {"Id": "rate", "Expression": "errors / 100", "Label": "Error rate"},
            {
                "Id": "errors",
                "ReturnData": False,
                "Period": 300,
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/ApplicationELB",
                        "MetricName": "HTTPCode_Target_5XX_Count",
                        "Dimensions": [{"Name": "LoadBalancer", "Value": "app/shop/1"}],
                    },
                    "Period": 300,
                    "Stat": "Sum",
                    "Unit": "Count",
                },
            },
        ],
    }


def test_without_an_interval_five_minutes_are_asked_for(aws: Vendor) -> None:
    answers(aws, RATE)
    aws.measure("cloudWatch", {"metricDataQueries": CONFIG["metricDataQueries"]})
    assert metric_data_asked(aws.asked[0])["StartTime"] == NOW - timedelta(minutes=5)


@pytest.mark.parametrize(
    "success",
    [
        "result[0].Values[0] < 0.05",
        'result[0].Id == "rate" && result[0].Label == "Error rate" && result[0].StatusCode == "Complete"',
        "all(result, {len(.Values) == 1})",
        "result[0].Timestamps[0] < now() + duration('1s')",
    ],
)
def test_conditions_reach_the_fields_of_a_result(aws: Vendor, success: str) -> None:
    answers(aws, RATE)
    measured = aws.measure("cloudWatch", CONFIG, success)
    assert (measured.phase, measured.message, measured.value) == (Phase.SUCCESSFUL, "", "[[0.02]]")


@pytest.mark.parametrize(
    ("success", "message"),
    [
        ("result[0].Value[0] < 0.05", "has no field Value; it has Id, Label, StatusCode, Values"),
        ("result[0].Values[0] == 'a'", "mismatched types"),
        ("result[1].Values[0] < 1", "index out of range"),
    ],
)
def test_a_condition_that_does_not_fit_is_an_error(aws: Vendor, success: str, message: str) -> None:
    answers(aws, RATE)
    assert failed(aws.measure("cloudWatch", CONFIG, success), message)


def test_a_result_without_points_is_an_error_where_the_condition_needs_one(aws: Vendor) -> None:
    answers(aws, {**RATE, "Timestamps": [], "Values": []})
    assert failed(aws.measure("cloudWatch", CONFIG, "result[0].Values[0] < 0.05"), "no data was returned")


def test_a_result_without_points_is_no_data(aws: Vendor) -> None:
    answers(aws, {**RATE, "Timestamps": [], "Values": []})
    annotations = {"reconciler.dev/on-no-data.m": "inconclusive"}
    measured = aws.take("cloudWatch", CONFIG, annotations=annotations).measurement
    assert (measured.phase, measured.message) == (
        Phase.INCONCLUSIVE,
        "no data was returned (on-no-data: inconclusive)",
    )


def test_what_cloudwatch_says_beside_the_values_is_kept(aws: Vendor) -> None:
    answers(aws, {**RATE, "Messages": [{"Code": "A", "Value": "one"}]}, Messages=[{"Code": "B", "Value": "two"}])
    assert aws.measure("cloudWatch", CONFIG).metadata == {"messages": "B: two; A: one"}


def test_pages_are_put_together_up_to_a_bound(aws: Vendor) -> None:
    answers(aws, RATE, NextToken="more")
    measured = aws.measure("cloudWatch", CONFIG, "len(result[0].Values) == 10")
    assert measured.phase is Phase.SUCCESSFUL
    assert measured.metadata == {"messages": "PartialData: more points than are read"}
    assert [metric_data_asked(asked).get("NextToken") for asked in aws.asked] == [None, *["more"] * 9]


@pytest.mark.parametrize("status", ["InternalError", "Forbidden"])
def test_values_that_cloudwatch_could_not_read_are_not_judged(aws: Vendor, status: str) -> None:
    answers(aws, {**RATE, "StatusCode": status, "Messages": [{"Code": "Why", "Value": "because"}]})
    assert failed(aws.measure("cloudWatch", CONFIG), f"rate: {status}; Why: because")


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "InvalidParameterValueException", "the expression is wrong"),
        (400, "ThrottlingException", "Rate exceeded"),
        (403, "AccessDeniedException", "is not authorized to perform: cloudwatch:GetMetricData"),
        (500, "InternalServiceFault", "sorry"),
    ],
)
def test_what_aws_refuses_is_told_after_one_attempt(aws: Vendor, status: int, code: str, message: str) -> None:
    aws.answers(fault(code, message), status)
    assert failed(aws.measure("cloudWatch", CONFIG), code, message)
    assert len(aws.asked) == 1


@pytest.mark.parametrize("body", [b"<html>", b'{"MetricDataResults": [{"Id"', b"[]", b"{}"])
def test_what_is_no_answer_of_cloudwatch_is_an_error(aws: Vendor, body: bytes) -> None:
    aws.answers(body, 200)
    assert failed(aws.measure("cloudWatch", CONFIG), "no answer of CloudWatch")


def test_a_server_that_cannot_be_reached_is_an_error_without_a_second_attempt(
    aws: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert failed(aws.measure("cloudWatch", CONFIG), "cannot connect")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (("AWS_REGION",), "no AWS region is configured (set AWS_REGION"),
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "no AWS credentials were found"),
    ],
)
def test_it_says_what_aws_needs(
    aws: Vendor, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], message: str
) -> None:
    for name in missing:
        monkeypatch.delenv(name)
    assert failed(aws.measure("cloudWatch", CONFIG), message)


def test_without_the_library_it_names_the_extra(aws: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    access.session.cache_clear()
    assert failed(aws.measure("cloudWatch", CONFIG), "pip install 'reconciler[aws]'")


def test_all_that_is_wrong_with_the_settings_is_told_at_once() -> None:
    with pytest.raises(ProviderError) as raised:
        check({"interval": "x", "metricDataQueries": [{"metricStat": {"period": "y"}}, {"id": "b"}, "c"]})
    for text in (
        ".interval",
        "[0].id is empty",
        "[0].metricStat.metric.metricName is empty",
        "[0].metricStat.stat is empty",
        "[0].metricStat.period must be a whole number",
        "[1]: use either expression or metricStat",
        "[2] must be a map",
    ):
        assert text in str(raised.value)


def test_values_are_shown_as_people_write_numbers(aws: Vendor) -> None:
    answers(aws, {**RATE, "Timestamps": [NOW] * 3, "Values": [5.0, 0.00001, 1e21]})
    assert aws.measure("cloudWatch", CONFIG).value == "[[5,0.00001,1000000000000000000000]]"
