"""AWS as seen from a server: what was asked is read and checked by AWS's own description of the API, in botocore."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from botocore.session import get_session
from botocore.validate import ParamValidator

from tests.unit.analysis.providers.vendor import Asked

KEY_ID, SECRET_KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
GET_METRIC_DATA = get_session().get_service_model("cloudwatch").operation_model("GetMetricData")


def metric_data_asked(asked: Asked) -> dict[str, Any]:
    """The parameters of the call. Fails when it is not a call of GetMetricData as AWS describes it."""
    assert (asked.method, asked.path) == ("POST", "/")
    assert asked.headers["content-type"] == "application/x-amz-json-1.0"
    assert asked.headers["x-amz-target"] == "GraniteServiceVersion20100801.GetMetricData"
    found = asked.json()
    found |= {key: datetime.fromtimestamp(found[key], UTC) for key in ("StartTime", "EndTime")}
    problems = ParamValidator().validate(found, GET_METRIC_DATA.input_shape)
    assert not problems.has_errors(), problems.generate_report()
    return dict(found)


def metric_data_answer(answer: Mapping[str, Any]) -> bytes:
    """The body of a success. Fails when AWS describes no such answer."""
    problems = ParamValidator().validate(answer, GET_METRIC_DATA.output_shape)
    assert not problems.has_errors(), problems.generate_report()
    return json.dumps(answer, default=datetime.timestamp).encode()


def fault(code: str, message: str) -> bytes:
    """The body of a failure."""
    return json.dumps({"__type": f"com.amazonaws.cloudwatch#{code}", "message": message}).encode()


def is_signed(asked: Asked, service: str, region: str) -> bool:
    """Computes the signature anew from what arrived, by the steps of AWS's documentation of signature version 4."""
    scheme, _, rest = asked.headers["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    moment = asked.headers["x-amz-date"]
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    assert (scheme, parts["Credential"]) == ("AWS4-HMAC-SHA256", f"{KEY_ID}/{scope}")
    names = parts["SignedHeaders"].split(";")
    assert {"host", "x-amz-date"} <= set(names)
    url = urlsplit(asked.target)
    pairs = sorted(
        (quote(key, safe="-_.~"), quote(value, safe="-_.~"))
        for key, value in parse_qsl(url.query, keep_blank_values=True)
    )
    canonical = "\n".join(
        (
            asked.method,
            quote(url.path, safe="/-_.~"),
            "&".join(f"{key}={value}" for key, value in pairs),
            *(f"{name}:{asked.headers[name].strip()}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(asked.body).hexdigest(),
        )
    )
    to_sign = "\n".join(("AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{SECRET_KEY}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return parts["Signature"] == hmac.digest(key, to_sign.encode(), "sha256").hex()
