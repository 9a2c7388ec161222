"""Prometheus itself evaluates the alert for a CronJob without a recent success."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support.docs import documented_recipes
from tests.support.prometheus import promtool

_SERIES = 'nightly_last_success_timestamp_seconds{job="nightly",namespace="prod"}'
_LABELS = {"job": "nightly", "namespace": "prod"}
_DAY, _HOUR = 24 * 60, 60
FAILS, NEVER = "NightlyFails", "NightlyNeverSucceeded"


class Case(NamedTuple):
    """Samples, one a minute in promtool's notation, and the alert that fires after this many hours."""

    series: str | None
    hours: int
    fires: str | None


CASES = {
    "succeeded a day ago and its group has stayed": Case("0x3000", 25, None),
    "succeeds each night": Case(f"0x{_DAY - 1} {_DAY * 60}x{_DAY * 2}", 47, None),
    "has not succeeded since the night before": Case("0x3000", 27, FAILS),
    "succeeded again after the alert": Case(f"0x{28 * _HOUR} {28 * 3600}x{_DAY}", 30, None),
    "has not run yet": Case(None, 25, None),
    "has never succeeded": Case(None, 27, NEVER),
    "succeeded at last": Case(f"_x{30 * _HOUR} {30 * 3600}x{_DAY}", 31, None),
    "its group went with the run, so only the second alert sees it": Case(f"0x{_HOUR} stale", 30, NEVER),
    "its group came back with the next run": Case(f"0x{_HOUR} stale _x{_DAY} {25 * 3600}x{_DAY}", 30, None),
}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The groups as a file for Prometheus."""
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(_rule()["spec"]))
    return path


def _rule() -> dict[str, Any]:
    [rule] = [each for each in map(yaml.safe_load, documented_recipes.objects()) if each["kind"] == "PrometheusRule"]
    found: dict[str, Any] = rule
    return found


async def test_promtool_accepts_the_rules(rules: Path) -> None:
    await promtool.check("check", "rules", "--lint=all", "--lint-fatal", rules)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_alert_fires_only_when_it_should(case: Case, rules: Path) -> None:
    [group] = _rule()["spec"]["groups"]
    test = {
        "interval": "1m",
        "input_series": [{"series": _SERIES, "values": case.series}] if case.series else [],
        "alert_rule_test": [
            {
                "alertname": rule["alert"],
                "eval_time": f"{case.hours}h",
                "exp_alerts": [_expected(rule)] if rule["alert"] == case.fires else [],
            }
            for rule in group["rules"]
        ],
    }
    path = rules.parent / "test.yaml"
    path.write_text(yaml.safe_dump({"rule_files": [rules.name], "evaluation_interval": "1m", "tests": [test]}))
    await promtool.check("test", "rules", path)


def _expected(rule: dict[str, Any]) -> dict[str, Any]:
    labels = _LABELS if rule["alert"] == FAILS else {"job": "nightly"}
    return {"exp_labels": labels | rule["labels"], "exp_annotations": rule["annotations"]}


def test_every_alert_has_a_firing_and_a_quiet_case() -> None:
    [group] = _rule()["spec"]["groups"]
    assert {rule["alert"] for rule in group["rules"]} == {case.fires for case in CASES.values()} - {None}
    assert None in {case.fires for case in CASES.values()}
