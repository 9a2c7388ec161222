"""The format of a scrape follows its Accept header as in Pushgateway, with OpenMetrics besides."""

from __future__ import annotations

import pytest

from tidegate.exposition import encodings, names
from tidegate.gateway import negotiation

_PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
_PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,/;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        pytest.param("", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", id="nothing"),
        pytest.param("*/*", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", id="anything"),
        pytest.param("text/html,*/*;q=0.1", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", id="web"),
        pytest.param(
            _PROMETHEUS_3,
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            id="Prometheus 3",
        ),
        pytest.param(
            f"{_PROTOBUF};q=0.6,{_PROMETHEUS_3}",
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; "
            "escaping=underscores",
            id="Prometheus with native histograms",
        ),
        pytest.param(
            "application/openmetrics-text",
            "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores",
            id="OpenMetrics of no version",
        ),
        pytest.param(
            "text/plain;version=0.0.4;q=0.3,application/openmetrics-text;version=1.0.0;q=0.2",
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            id="by weight",
        ),
        pytest.param(
            "application/vnd.google.protobuf",
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            id="protobuf of no message",
        ),
        pytest.param(
            "text/plain;escaping=dots", "text/plain; version=0.0.4; charset=utf-8; escaping=dots", id="escaping"
        ),
        pytest.param(
            "text/plain;escaping=none;q=x,;;",
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            id="rubbish",
        ),
    ],
)
def test_the_format_is_negotiated(accept: str, content_type: str) -> None:
    assert negotiation.negotiate(accept).content_type == content_type


def test_whoever_takes_none_of_the_formats_gets_text() -> None:
    assert negotiation.negotiate("application/json") == encodings.Encoding(
        encodings.Format.TEXT, names.Escaping.UNDERSCORES
    )
