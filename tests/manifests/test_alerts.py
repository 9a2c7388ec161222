"""The alerts of the PrometheusRule, as Prometheus itself evaluates them: each fires when it is to, and only then."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import promtool
from tests.docs import markdown_documents as texts
from tests.manifests import alert_cases, exported_metrics, manifest_objects

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


@pytest.mark.cluster
async def test_promtool_finds_no_fault_with_the_rules(rules: Path) -> None:
    await promtool.agrees("check", "rules", "--lint=all", "--lint-fatal", rules)


@pytest.mark.cluster
@pytest.mark.parametrize("case", alert_cases.CASES.values(), ids=alert_cases.CASES)
async def test_an_alert_fires_when_it_is_to(case: alert_cases.Case, rules: Path) -> None:
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
    await promtool.agrees("test", "rules", path)


def _placed(series: str) -> str:
    """The series as one Pod of ours has it."""
    name, _, _ = series.partition("{")
    labels = POD | dict(_LABEL.findall(series))
    selector = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{selector}}}"


def _expected(case: alert_cases.Case) -> dict[str, Any]:
    rule = ALERTS[case.alert]
    absent = re.search(r"absent\((.*)\)", rule["expr"])
    # Nothing is left of the series where it is the absence that fires, but what was asked for.
    told = dict(_LABEL.findall(absent[1])) if absent else POD | dict(_LABEL.findall(next(iter(case.series))))
    for summed in re.findall(r"without \((\w+)\)", rule["expr"]):
        told.pop(summed, None)
    said = {
        key: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: told[found[1]], text)
        for key, text in rule["annotations"].items()
    }
    return {"exp_labels": told | rule["labels"], "exp_annotations": said}


def test_each_alert_is_shown_to_fire_and_not_to_fire() -> None:
    shown = {(case.alert, case.fires) for case in alert_cases.CASES.values()}
    assert shown == {(name, fires) for name in ALERTS for fires in (True, False)}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description"}


@pytest.mark.parametrize("name", ALERTS)
def test_every_metric_that_an_alert_speaks_of_is_there_from_the_start(name: str) -> None:
    rule = ALERTS[name]
    said = f"{rule['expr']} {rule['annotations']['description']}"
    assert exported_metrics.named_in(said) <= exported_metrics.at_the_start().keys()


@pytest.mark.parametrize("name", ALERTS)
def test_every_label_that_an_alert_asks_for_is_there_from_the_start(name: str) -> None:
    """Of a series that begins at 1, Prometheus does not see that it grew."""
    there = {pair for labels in exported_metrics.at_the_start().values() for pair in labels}
    assert set(_LABEL.findall(ALERTS[name]["expr"])) <= there


def test_each_alert_has_its_section_in_the_document_and_no_other_has_one() -> None:
    text = DOCUMENT.read_text()
    sections = dict(re.findall(r"^## (Tidegate\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert list(sections) == list(ALERTS)
    for name, section in sections.items():
        assert section.startswith(f"\n{ALERTS[name]['labels']['severity'].capitalize()}.\n"), name
        assert re.findall(r"^\*\*(.*?)\*\*", section, re.MULTILINE) == ["Meaning.", "Diagnosis.", "Mitigation."], name
        assert exported_metrics.named_in(section) <= exported_metrics.ever(), name
