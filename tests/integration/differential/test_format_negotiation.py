"""The gateway responds to a scrape in the format that Pushgateway would choose for the same Accept header."""

import pytest

from tests.integration.differential import case_builders, conftest

_PROTOBUF = case_builders.PROTOBUF.replace(" ", "")
_OPENMETRICS = "application/openmetrics-text"
_PROMETHEUS_2 = f"{_OPENMETRICS};version=1.0.0,{_OPENMETRICS};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5"
_PROMETHEUS_3 = (
    f"{_OPENMETRICS};version=1.0.0;escaping=allow-utf-8;q=0.6,{_OPENMETRICS};version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
_ACCEPTED = {
    "nothing": "",
    "anything": "*/*",
    "curl-text": "text/*",
    "browser": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "prometheus-2": f"{_PROMETHEUS_2},*/*;q=0.1",
    "prometheus-3": _PROMETHEUS_3,
    "prometheus-with-native-histograms": f"{_PROTOBUF};q=0.7,{_PROMETHEUS_3}",
    "prometheus-with-openmetrics-2": f"{_OPENMETRICS};version=2.0.0;escaping=allow-utf-8;q=0.7,{_PROMETHEUS_3}",
    "prometheus-with-protobuf-alone": f"{_PROTOBUF};q=0.7,*/*;q=0.6",
    "prometheus-with-openmetrics-alone": f"{_OPENMETRICS};version=1.0.0;escaping=allow-utf-8;q=0.7,*/*;q=0.6",
    "opentelemetry-collector": f"{_PROTOBUF};q=0.6,{_PROMETHEUS_2},*/*;q=0.1",
    "vmagent": "text/plain;version=0.0.4;q=1,*/*;q=0.1",
    "datadog": f"{_OPENMETRICS};version=1.0.0,{_OPENMETRICS};version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "telegraf": f"{_PROTOBUF};q=0.7,text/plain;version=0.0.4;q=0.3",
    "openmetrics": f"{_OPENMETRICS};version=1.0.0",
    "openmetrics-before-text": f"{_OPENMETRICS};version=1.0.0,text/plain;q=0.9",
    "json": "application/json",
    "text-of-no-version": "text/plain",
    "text-of-another-version": "text/plain;version=1.0.0",
    "text-before-protobuf": f"text/plain;q=0.9,{_PROTOBUF};q=0.8",
    "protobuf-before-text": f"text/plain;q=0.8,{_PROTOBUF};q=0.9",
    "protobuf-ruled-out": f"{_PROTOBUF};q=0",
    "protobuf-with-blanks": f"  {case_builders.PROTOBUF} ; q=0.9 , text/plain;q=0.5",
    "protobuf-of-no-message": "application/vnd.google.protobuf",
    "protobuf-with-dots": f"{_PROTOBUF};escaping=dots",
    "escaping-of-another-clause": "application/json;escaping=values;q=0.9,text/plain;q=0.5",
    "escaping-unknown": "text/plain;escaping=none",
    "weight-that-is-none": f"{_PROTOBUF};q=x,text/plain;q=0.5",
    "rubbish": ",;;=,/",
}


@pytest.mark.parametrize("accept", [pytest.param(header, id=name) for name, header in _ACCEPTED.items()])
def test_scrape_format_matches_pushgateway(pair: conftest.Pair, accept: str) -> None:
    ours, real = pair.ours.content_type(accept), pair.real.content_type(accept)
    if pair.real_version < (1, 11):
        # Older versions do not negotiate an escaping scheme.
        ours = ours.partition("; escaping=")[0]
    assert ours == real
