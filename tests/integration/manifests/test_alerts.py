"""Prometheus itself evaluates the alerts of the PrometheusRule: each fires when it should, and only then."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.manifests import alert_cases
from tests.support.prometheus import promtool

POD = {"instance": "10.0.0.7:9093", "job": "tidegate", "namespace": "tidegate"}
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The groups as a file for Prometheus."""
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(alert_cases.RULE["spec"]))
    return path


async def test_promtool_accepts_the_rules(rules: Path) -> None:
    await promtool.check("check", "rules", "--lint=all", "--lint-fatal", rules)


@pytest.mark.parametrize("case", alert_cases.CASES.values(), ids=alert_cases.CASES)
async def test_alert_fires_only_when_it_should(case: alert_cases.Case, rules: Path) -> None:
    test = {
        "interval": "1m",
        "input_series": [{"series": _placed(name), "values": values} for name, values in case.series.items()],
        "alert_rule_test": [
            {
                "alertname": case.alert,
                "eval_time": f"{case.minutes}m",
                "exp_alerts": [_expected(case)] if case.fires else [],
            }
        ],
    }
    path = rules.parent / "test.yaml"
    path.write_text(yaml.safe_dump({"rule_files": [rules.name], "evaluation_interval": "1m", "tests": [test]}))
    await promtool.check("test", "rules", path)


def _placed(series: str) -> str:
    """The series with the labels of one Pod."""
    name, _, _ = series.partition("{")
    labels = POD | dict(_LABEL.findall(series))
    selector = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{selector}}}"


def _expected(case: alert_cases.Case) -> dict[str, Any]:
    rule = alert_cases.ALERTS[case.alert]
    absent = re.search(r"absent\((.*)\)", rule["expr"])
    # An alert on a missing series has only the labels of its selector.
    expected_labels = dict(_LABEL.findall(absent[1])) if absent else POD | dict(_LABEL.findall(next(iter(case.series))))
    for summed in re.findall(r"without \((\w+)\)", rule["expr"]):
        expected_labels.pop(summed, None)
    quoted = {
        key: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: expected_labels[found[1]], text)
        for key, text in rule["annotations"].items()
    }
    return {"exp_labels": expected_labels | rule["labels"], "exp_annotations": quoted}
