"""Prometheus itself evaluates the alerts of the PrometheusRule: each fires when it should, and only then."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.docs import markdown_documents as texts
from tests.support.manifests import alert_cases, exported_metrics, manifest_objects
from tests.support.prometheus import promtool

COMPONENT = manifest_objects.FOLDER / "components" / "prometheusrule"
[RULE] = manifest_objects.objects(COMPONENT / "prometheusrule.yaml")
ALERTS = {each["alert"]: each for group in RULE["spec"]["groups"] for each in group["rules"]}
POD = {"instance": "10.0.0.7:9093", "job": "tidegate", "namespace": "tidegate"}
DOCUMENT = texts.ROOT / "docs" / "alerts.md"
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The groups as a file for Prometheus."""
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(RULE["spec"]))
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
    rule = ALERTS[case.alert]
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


def test_every_alert_has_a_firing_and_a_quiet_case() -> None:
    shown = {(case.alert, case.fires) for case in alert_cases.CASES.values()}
    assert shown == {(name, fires) for name in ALERTS for fires in (True, False)}


@pytest.mark.parametrize("name", ALERTS)
def test_alert_has_a_severity_a_summary_and_a_description(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description"}


@pytest.mark.parametrize("name", ALERTS)
def test_metrics_of_an_alert_are_exported_from_the_start(name: str) -> None:
    rule = ALERTS[name]
    quoted = f"{rule['expr']} {rule['annotations']['description']}"
    assert exported_metrics.named_in(quoted) <= exported_metrics.at_the_start().keys()


@pytest.mark.parametrize("name", ALERTS)
def test_label_values_of_an_alert_are_exported_from_the_start(name: str) -> None:
    """Prometheus does not see an increase in a series that begins at 1."""
    there = {pair for labels in exported_metrics.at_the_start().values() for pair in labels}
    assert set(_LABEL.findall(ALERTS[name]["expr"])) <= there


def test_alerts_page_has_a_section_for_every_alert_and_no_other() -> None:
    text = DOCUMENT.read_text()
    sections = dict(re.findall(r"^## (Tidegate\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert list(sections) == list(ALERTS)
    for name, section in sections.items():
        assert section.startswith(f"\n{ALERTS[name]['labels']['severity'].capitalize()}.\n"), name
        assert re.findall(r"^\*\*(.*?)\*\*", section, re.MULTILINE) == ["Meaning.", "Diagnosis.", "Mitigation."], name
        assert exported_metrics.named_in(section) <= exported_metrics.ever(), name
