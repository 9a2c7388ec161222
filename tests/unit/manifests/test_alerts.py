"""The metrics of each alert are exported from the start, and docs/alerts.md documents every alert."""

from __future__ import annotations

import re

import pytest

from tests.support import repository
from tests.support.manifests import alert_cases, exported_metrics

PAGE = repository.ROOT / "docs" / "alerts.md"
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def test_every_alert_has_a_firing_and_a_quiet_case() -> None:
    shown = {(case.alert, case.fires) for case in alert_cases.CASES.values()}
    assert shown == {(name, fires) for name in alert_cases.ALERTS for fires in (True, False)}


@pytest.mark.parametrize("name", alert_cases.ALERTS)
def test_alert_has_a_severity_a_summary_and_a_description(name: str) -> None:
    rule = alert_cases.ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description"}


@pytest.mark.parametrize("name", alert_cases.ALERTS)
def test_metrics_of_an_alert_are_exported_from_the_start(name: str) -> None:
    rule = alert_cases.ALERTS[name]
    quoted = f"{rule['expr']} {rule['annotations']['description']}"
    assert exported_metrics.named_in(quoted) <= exported_metrics.at_the_start().keys()


@pytest.mark.parametrize("name", alert_cases.ALERTS)
def test_label_values_of_an_alert_are_exported_from_the_start(name: str) -> None:
    """Prometheus does not see an increase in a series that begins at 1."""
    there = {pair for labels in exported_metrics.at_the_start().values() for pair in labels}
    assert set(_LABEL.findall(alert_cases.ALERTS[name]["expr"])) <= there


def test_alerts_page_has_a_section_for_every_alert_and_no_other() -> None:
    text = PAGE.read_text()
    sections = dict(re.findall(r"^## (Tidegate\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert list(sections) == list(alert_cases.ALERTS)
    for name, section in sections.items():
        assert section.startswith(f"\n{alert_cases.ALERTS[name]['labels']['severity'].capitalize()}.\n"), name
        assert exported_metrics.named_in(section) <= exported_metrics.ever(), name
