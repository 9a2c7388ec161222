"""The alerts of the PrometheusRule, as Prometheus itself evaluates them: each fires when it is to, and only then."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, NamedTuple

import prometheus_client
import pytest
import yaml

from tests.cluster import binaries
from tests.manifests import documents
from tidegate.controller import metrics as operator_metrics
from tidegate.gateway import metrics as gateway_metrics

COMPONENT = documents.FOLDER / "components" / "prometheusrule"
[RULE] = documents.objects(COMPONENT / "prometheusrule.yaml")
ALERTS = {each["alert"]: each for group in RULE["spec"]["groups"] for each in group["rules"]}
POD = {"instance": "10.0.0.7:9093", "namespace": "tidegate"}


class Case(NamedTuple):
    """What Prometheus has read, a sample a minute in promtool's own notation, and whether the alert fires then.

    :param reason: of the series, where it is not the one that the alert is about.
    """

    alert: str
    series: str
    values: str
    minutes: int
    fires: bool
    reason: str | None = None


_LISTED = "tidegate_operator_last_list_timestamp_seconds"
_ERRORS = "tidegate_operator_api_errors_total"
_DELETED = "tidegate_groups_deleted_total"
CASES = {
    "breaker-closed": Case("TidegateBreakerTripped", "tidegate_operator_breaker_tripped", "0x30", 20, fires=False),
    "breaker-tripped": Case("TidegateBreakerTripped", "tidegate_operator_breaker_tripped", "0x9 1", 10, fires=True),
    "breaker-closed-again": Case(
        "TidegateBreakerTripped", "tidegate_operator_breaker_tripped", "0x9 1 0x20", 15, fires=True
    ),
    "breaker-closed-long-ago": Case(
        "TidegateBreakerTripped", "tidegate_operator_breaker_tripped", "0x9 1 0x20", 25, fires=False
    ),
    "lists": Case("TidegateOperatorDoesNotList", _LISTED, "0+60x30", 30, fires=False),
    "listed-six-minutes-ago": Case("TidegateOperatorDoesNotList", _LISTED, "0+60x10 600x20", 16, fires=False),
    "listed-nine-minutes-ago": Case("TidegateOperatorDoesNotList", _LISTED, "0+60x10 600x20", 19, fires=True),
    "lists-again": Case("TidegateOperatorDoesNotList", _LISTED, "0+60x10 600x20 1860+60x9", 33, fires=False),
    "never-listed": Case("TidegateOperatorDoesNotList", _LISTED, "_x60 0x5", 63, fires=True),
    "has-just-started": Case("TidegateOperatorDoesNotList", _LISTED, "_x60 0 3660", 62, fires=False),
    "operator-there": Case("TidegateOperatorMissing", _LISTED, "0+60x30", 30, fires=False),
    "operator-restarted": Case("TidegateOperatorMissing", _LISTED, "0+60x10 _x8 1140+60x9", 20, fires=False),
    "operator-missing": Case("TidegateOperatorMissing", _LISTED, "0+60x10 stale", 22, fires=True),
    "nothing-refused": Case("TidegateOperatorForbidden", _ERRORS, "0x30", 20, fires=False),
    "first-refusal": Case("TidegateOperatorForbidden", _ERRORS, "0x9 1x20", 11, fires=True),
    "refused-long-ago": Case("TidegateOperatorForbidden", _ERRORS, "0x9 1x40", 40, fires=False),
    "other-errors": Case("TidegateOperatorForbidden", _ERRORS, "0+1x30", 20, fires=False, reason="unreachable"),
    "no-drain-timed-out": Case("TidegateDrainsTimeOut", _DELETED, "0x30", 20, fires=False),
    "a-drain-timed-out": Case("TidegateDrainsTimeOut", _DELETED, "0x9 1x20", 11, fires=True),
    "timed-out-long-ago": Case("TidegateDrainsTimeOut", _DELETED, "3x40", 40, fires=False),
    "all-were-read": Case("TidegateDrainsTimeOut", _DELETED, "0+9x30", 20, fires=False, reason="drained"),
}
_REASONS = {_ERRORS: "forbidden", _DELETED: "timeout"}


async def _promtool(*arguments: str | Path) -> None:
    program = (await asyncio.to_thread(binaries.ensure, ["promtool"]))["promtool"]
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The groups as a file for Prometheus."""
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(RULE["spec"]))
    return path


@pytest.mark.cluster
async def test_promtool_finds_no_fault_with_the_rules(rules: Path) -> None:
    await _promtool("check", "rules", "--lint=all", "--lint-fatal", rules)


@pytest.mark.cluster
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_an_alert_fires_when_it_is_to(case: Case, rules: Path) -> None:
    reason = case.reason or _REASONS.get(case.series)
    labels = POD if reason is None else POD | {"reason": reason}
    selector = ",".join(f'{name}="{value}"' for name, value in labels.items())
    # Nothing is left of the series where it is the absence that fires.
    told = {} if "absent(" in ALERTS[case.alert]["expr"] else labels
    test = {
        "interval": "1m",
        "input_series": [{"series": f"{case.series}{{{selector}}}", "values": case.values}],
        "alert_rule_test": [
            {
                "alertname": case.alert,
                "eval_time": f"{case.minutes}m",
                "exp_alerts": [_expected(case.alert, told)] if case.fires else [],
            }
        ],
    }
    path = rules.parent / "test.yaml"
    path.write_text(yaml.safe_dump({"rule_files": [rules.name], "evaluation_interval": "1m", "tests": [test]}))
    await _promtool("test", "rules", path)


def _expected(name: str, labels: dict[str, str]) -> dict[str, Any]:
    rule = ALERTS[name]
    told = {
        key: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels[found[1]], text)
        for key, text in rule["annotations"].items()
    }
    return {"exp_labels": labels | rule["labels"], "exp_annotations": told}


def test_each_alert_is_shown_to_fire_and_not_to_fire() -> None:
    shown = {(case.alert, case.fires) for case in CASES.values()}
    assert shown == {(name, fires) for name in ALERTS for fires in (True, False)}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description"}


@pytest.mark.parametrize("name", ALERTS)
def test_every_metric_that_an_alert_speaks_of_is_there_from_the_start(name: str) -> None:
    registry = prometheus_client.CollectorRegistry()
    operator_metrics.OperatorMetrics(registry)
    gateway_metrics.GatewayMetrics(registry)
    there = {sample.name for family in registry.collect() for sample in family.samples}
    rule = ALERTS[name]
    said = f"{rule['expr']} {rule['annotations']['description']}"
    assert set(re.findall(r"\btidegate_\w+", said)) <= there


@pytest.mark.parametrize(("metric", "reason"), _REASONS.items())
def test_what_is_counted_by_reason_begins_at_nothing(metric: str, reason: str) -> None:
    registry = prometheus_client.CollectorRegistry()
    operator_metrics.OperatorMetrics(registry)
    gateway_metrics.GatewayMetrics(registry)
    assert registry.get_sample_value(metric, {"reason": reason}) == 0.0
