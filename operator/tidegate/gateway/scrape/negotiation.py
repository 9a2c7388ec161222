"""Negotiation of the exposition format by the ``Accept`` header.

Clauses are tried in order of their weight. Each selects the first format that matches all its parameters, as in
Pushgateway (``expfmt.Negotiate``). A scraper that accepts none of the formats gets the text format.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from tidegate import settings
from tidegate.exposition import encoders, name_escaping

_ESCAPINGS = {escaping.value: escaping for escaping in name_escaping.Escaping}
_OPENMETRICS = "application/openmetrics-text"
_FORMATS: tuple[tuple[str, Mapping[str, str], encoders.Format], ...] = (
    (_OPENMETRICS, {"version": "1.0.0"}, encoders.Format.OPENMETRICS_1),
    (_OPENMETRICS, {"version": "0.0.1"}, encoders.Format.OPENMETRICS_0),
    (
        "application/vnd.google.protobuf",
        {"proto": "io.prometheus.client.MetricFamily", "encoding": "delimited"},
        encoders.Format.PROTOBUF,
    ),
    ("text/plain", {"version": "0.0.4"}, encoders.Format.TEXT),
)
_DEFAULT_VERSIONS = {_OPENMETRICS: "0.0.1", "text/plain": "0.0.4"}


class _Clause(NamedTuple):
    type: str
    parameters: Mapping[str, str]
    weight: float


def offered(web_settings: settings.WebSettings) -> Collection[encoders.Format]:
    """The formats that scrapers can get.

    Prometheus prefers OpenMetrics to the text format. In OpenMetrics, counters without ``_total`` lose their type and
    metadata has other names, so a flag enables it.
    """
    if web_settings.enable_openmetrics:
        return tuple(encoders.Format)
    return tuple(format for format in encoders.Format if format not in encoders.OPENMETRICS)


def negotiate(accept: str, *, formats: Collection[encoders.Format]) -> encoders.Encoding:
    """The encoding for this ``Accept`` header, with one of these formats."""
    escaping = name_escaping.Escaping.UNDERSCORES
    for clause in sorted(_clauses(accept), key=_rank):
        escaping = _ESCAPINGS.get(clause.parameters.get("escaping", ""), escaping)
        for type, parameters, format in _FORMATS:
            if format in formats and _matches(clause, type, parameters):
                return encoders.Encoding(format, escaping)
    return encoders.Encoding(escaping=escaping)


def _clauses(accept: str) -> Iterator[_Clause]:
    for item in accept.split(","):
        type, *rest = (part.strip() for part in item.split(";"))
        pairs = (part.partition("=") for part in rest)
        parameters = {name.strip(): value.strip().strip('"') for name, _, value in pairs}
        try:
            weight = float(parameters.pop("q", "1"))
        except ValueError:
            weight = 0.0  # As in Pushgateway.
        if type:
            yield _Clause(type, parameters, weight)


def _rank(clause: _Clause) -> tuple[float, bool, bool]:
    type, _, subtype = clause.type.partition("/")
    return -clause.weight, type == "*", subtype == "*"


def _matches(clause: _Clause, type: str, parameters: Mapping[str, str]) -> bool:
    accepted_main, _, accepted_sub = clause.type.partition("/")
    main, _, sub = type.partition("/")
    if accepted_main not in ("*", main) or accepted_sub not in ("*", sub):
        return False
    accepted = {"version": _DEFAULT_VERSIONS.get(clause.type, ""), **clause.parameters}
    return all(accepted.get(name) == value for name, value in parameters.items())
