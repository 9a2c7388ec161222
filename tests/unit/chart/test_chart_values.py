"""Every value of the chart is documented and has a schema; flags in comments and templates exist."""

from __future__ import annotations

import json
import re
from typing import Any

from scripts import chart
from tests.support.manifests import rendered_chart
from tidegate import flags, settings
from tidegate.cli import flag_values

DOCUMENTED = {".".join(each.path): each for each in chart.values()}
SCHEMA = json.loads((rendered_chart.FOLDER / "values.schema.json").read_text())


def _leaves(data: Any, path: tuple[str, ...] = ()) -> list[str]:
    if isinstance(data, dict) and data:
        return [leaf for key, value in data.items() for leaf in _leaves(value, (*path, key))]
    return [".".join(path)]


def test_every_value_has_a_comment() -> None:
    def documented(leaf: str) -> bool:
        return any(leaf == path or leaf.startswith(f"{path}.") for path in DOCUMENTED)

    assert [leaf for leaf in _leaves(rendered_chart.values()) if not documented(leaf)] == []


def test_schema_has_exactly_the_values() -> None:
    def compare(schema: dict[str, Any], data: dict[str, Any], path: str) -> None:
        if "properties" in schema and path not in ("strategy", "podDisruptionBudget", "serviceMonitor.basicAuth"):
            # `enabled` is for a chart that depends on this one.
            assert schema["properties"].keys() - ({"enabled"} if not path else set()) == data.keys(), path
            for key, value in data.items():
                if isinstance(value, dict):
                    compare(schema["properties"][key], value, f"{path}.{key}".removeprefix("."))

    compare(SCHEMA, rendered_chart.values(), "")


def test_value_for_a_flag_documents_the_flags_default() -> None:
    message = dict(
        re.findall(r"\(`(--[\w.-]+)`\); empty: (.*)\.$", "\n".join(each.comment for each in chart.values()), re.M)
    )
    defaults = {flag.name: flag_values.spelled(flag, flag.default) for flag, _ in flags.of(settings.OperatorSettings)}
    assert message.keys() == {"--breaker.limit", "--ownership", "--drain.timeout", "--operator.resync"}
    assert message == {flag: defaults[flag] for flag in message}


def test_flag_in_the_templates_exists() -> None:
    folder = rendered_chart.FOLDER / "templates"
    templates = "".join((folder / name).read_text() for name in ("_gateway.tpl", "_operator.tpl"))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9.-]*[a-z0-9]", templates))
    existing = {
        flag.name for part in (settings.GatewaySettings, settings.OperatorSettings) for flag, _ in flags.of(part)
    }
    assert len(named) > 10
    assert named - existing == set()
