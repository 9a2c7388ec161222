#!/usr/bin/env bash
# prometheus_client 0.26.0: its OpenMetrics parser rejects what its own text parser and OpenMetrics writer produce.
#
# Expected: a pushed counter can be exposed as OpenMetrics: parse the text that the client library pushes, write the
#   families as OpenMetrics, and every OpenMetrics parser accepts the result.
# Actual: the text format has no creation times, so the library writes that of the counter `reqs` as another family, the
#   gauge `reqs_created`. OpenMetrics reserves this name for the counter. The writer keeps the gauge, and the parser
#   rejects the whole exposition.
# tidegate: in OpenMetrics, such a gauge becomes the creation time of its counter or distribution
#   (operator/tidegate/exposition/openmetrics.py).
# Upstream: https://github.com/prometheus/client_python/issues/668 explains why the parser rejects the name.
#
# Needs Python 3.11 or newer with venv, and packages from PyPI. Takes seconds after the installation.
# Exits 0 if the behavior is unchanged, 1 if it has changed, 2 if the packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install prometheus-client==0.26.0 || exit 2
cat >"$folder/convert.py" <<'PYTHON'
import sys
from importlib import metadata

import prometheus_client
from prometheus_client import parser
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics import parser as openmetrics_parser

OBSERVED = [
    "text: counter reqs_total, gauge reqs_created",
    "OpenMetrics: counter reqs, gauge reqs_created",
    "parser: ValueError: Clashing name: reqs_created",
]


class Families:
    """A collector of families that were parsed, as a gateway has them."""

    def __init__(self, families):
        self.families = families

    def collect(self):
        return self.families


def types(exposition):
    lines = [line.split() for line in exposition.splitlines() if line.startswith("# TYPE ")]
    return ", ".join(f"{type} {name}" for _, _, name, type in lines)


registry = prometheus_client.CollectorRegistry()
prometheus_client.Counter("reqs", "Requests.", registry=registry).inc()
pushed = prometheus_client.generate_latest(registry).decode()
received = prometheus_client.CollectorRegistry(auto_describe=False)
received.register(Families(list(parser.text_string_to_metric_families(pushed))))
exposed = openmetrics.generate_latest(received).decode()
try:
    families = list(openmetrics_parser.text_string_to_metric_families(exposed))
    outcome = f"{len(families)} families"
except ValueError as error:
    outcome = f"ValueError: {error}"
seen = [f"text: {types(pushed)}", f"OpenMetrics: {types(exposed)}", f"parser: {outcome}"]
print(f"version: prometheus_client {metadata.version('prometheus-client')}")
print("expected: parser: 1 family, reqs, with its creation time")
print(*(f"actual: {each}" for each in seen), sep="\n")
sys.exit(0 if seen == OBSERVED else 1)
PYTHON
"$folder/venv/bin/python" "$folder/convert.py"
