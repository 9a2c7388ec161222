"""The flags and metrics on the page about Pushgateway match the code."""

from __future__ import annotations

import re

import prometheus_client

from tests.support.docs import markdown_documents
from tests.support.processes import command_lines
from tidegate import flags, settings
from tidegate.operator.gateways import pushgateway_metrics

PAGE = (markdown_documents.ROOT / "docs" / "beside-pushgateway.md").read_text()
WITH_ALIASES = {flag.name for flag, _ in flags.of(settings.OperatorSettings) if flag.aliases}


def test_documented_flags_and_defaults_match_the_parser() -> None:
    documented = dict(re.findall(r"^\| `(--[a-z.-]+)` \| (?:`([^`]+)`)? ?\|", PAGE, re.MULTILINE))
    assert documented.keys() == WITH_ALIASES
    given = [f"{flag}={default}" for flag, default in documented.items() if default]
    assert vars(command_lines.parsed(["operator", *given])) == vars(command_lines.parsed(["operator"]))


def test_documented_metrics_match_the_registry() -> None:
    registry = prometheus_client.CollectorRegistry()
    pushgateway_metrics.PushgatewayMetrics(registry)
    names = {sample.name for family in registry.collect() for sample in family.samples}
    names = {name for name in names if not name.endswith("_created")}
    assert set(re.findall(r"`(tidegate_operator_stock_[a-z_]+)`", PAGE)) == names


def test_documented_response_limit_matches_the_setting() -> None:
    assert str(settings.PushgatewaySettings().max_response_bytes // 2**20) in re.findall(r"(\d+) MiB", PAGE)
