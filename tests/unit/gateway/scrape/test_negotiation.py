"""The format of a scrape follows its Accept header as in Pushgateway; OpenMetrics is behind a flag."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support.formats import strict_openmetrics
from tests.support.gateway import gateway_client
from tidegate import settings
from tidegate.exposition import encoders, name_escaping
from tidegate.gateway.scrape import negotiation

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
            "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8",
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
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            id="OpenMetrics",
        ),
        pytest.param(
            "application/vnd.google.protobuf",
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            id="protobuf without a message type",
        ),
        pytest.param(
            "text/plain;escaping=dots", "text/plain; version=0.0.4; charset=utf-8; escaping=dots", id="escaping"
        ),
        pytest.param(
            "text/plain;escaping=none;q=x,;;",
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            id="malformed",
        ),
    ],
)
def test_format_is_negotiated(accept: str, content_type: str) -> None:
    offered = negotiation.offered(settings.WebSettings())
    assert negotiation.negotiate(accept, formats=offered).content_type == content_type


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        pytest.param(
            _PROMETHEUS_3,
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            id="Prometheus 3",
        ),
        pytest.param(
            "application/openmetrics-text",
            "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores",
            id="no version",
        ),
        pytest.param(
            "application/openmetrics-text;version=2.0.0,text/plain;version=0.0.4;q=0.5",
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            id="version 2.0",
        ),
        pytest.param(
            "text/plain;version=0.0.4;q=0.3,application/openmetrics-text;version=1.0.0;q=0.2",
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            id="by weight",
        ),
    ],
)
def test_openmetrics_is_negotiated_if_its_flag_is_set(accept: str, content_type: str) -> None:
    offered = negotiation.offered(settings.WebSettings(enable_openmetrics=True))
    assert negotiation.negotiate(accept, formats=offered).content_type == content_type


async def test_prometheus_gets_the_text_format_by_default(client: gateway_client.Client) -> None:
    response = await client.send("GET", "/metrics", headers={"Accept": _PROMETHEUS_3})
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8"
    assert "# TYPE tidegate_pushes_total counter\n" in response.text


class TestWithTheFlag:
    @pytest.fixture
    def web_settings(self, web_settings: settings.WebSettings) -> settings.WebSettings:
        return dataclasses.replace(web_settings, enable_openmetrics=True)

    async def test_prometheus_gets_openmetrics(self, client: gateway_client.Client) -> None:
        response = await client.send("GET", "/metrics", headers={"Accept": _PROMETHEUS_3})
        assert response.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0;")
        assert "# TYPE tidegate_pushes counter\n" in response.text
        assert strict_openmetrics.parsed(response.text)


def test_client_that_accepts_no_supported_format_gets_text() -> None:
    assert negotiation.negotiate("application/json", formats=tuple(encoders.Format)) == encoders.Encoding(
        encoders.Format.TEXT, name_escaping.Escaping.UNDERSCORES
    )
