"""The Kubernetes recipes work as documented: groups of a run are deleted, and groups for alerts are kept."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.support import environments, waiting
from tests.support.docs import documented_recipes
from tests.support.jobs import triggered_cronjobs
from tests.support.manifests import manifest_objects

_IN_CLUSTER = "http://tidegate.tidegate:9091"
_SUCCESS = "dumps_last_success_timestamp_seconds"


def _apply(environment: environments.Environment, text: str) -> None:
    assert _IN_CLUSTER in text
    manifest = text.replace(_IN_CLUSTER, environment.gateway.url)
    environment.cluster.kubectl("apply", f"--namespace={environment.namespace}", "-f", "-", stdin=manifest)


def _recipe(kind: str) -> str:
    [found] = [text for text in documented_recipes.objects() if yaml.safe_load(text)["kind"] == kind]
    return found


def _uid_of_successful_run(environment: environments.Environment, cronjob: str, *, minutes_ago: int) -> str:
    run = triggered_cronjobs.due(environment, cronjob, minutes_ago=minutes_ago)
    waiting.eventually(
        lambda: environment.api.find("jobs", run, namespace=environment.namespace), why=f"{run} to be created"
    )
    assert environment.push.wait_until_finished(run) == "Complete"
    uid: str = environment.job(run)["metadata"]["uid"]
    return uid


def _rules() -> dict[str, Any]:
    [group] = yaml.safe_load(_recipe("PrometheusRule"))["spec"]["groups"]
    return {rule["alert"]: rule["expr"] for rule in group["rules"]}


def test_shared_group_of_superseded_runs_is_kept_between_runs_and_deleted_with_the_cronjob(
    environment: environments.Environment,
) -> None:
    _apply(environment, _recipe("CronJob"))

    first = _uid_of_successful_run(environment, "dump-orders", minutes_ago=4)

    environment.assert_kept("dumps", first, database="orders")
    waiting.eventually(lambda: environment.prometheus.value(_SUCCESS), why="the first run's success")

    second = _uid_of_successful_run(environment, "dump-orders", minutes_ago=3)

    waiting.eventually(lambda: second in environment.owners("dumps"), why="the next run to have the group")
    # The first run's claim remains for a minute, because it may have pushed last.
    environment.assert_kept("dumps", first, second, database="orders")
    assert environment.prometheus.value(_SUCCESS) is not None

    environment.api.delete("cronjobs", "dump-orders", namespace=environment.namespace)

    environment.wait_until_deleted("dumps")


def test_last_success_is_kept_for_the_alert_after_the_groups_of_the_run_are_deleted(
    environment: environments.Environment,
) -> None:
    _apply(environment, (manifest_objects.FOLDER / "examples" / "cronjob.yaml").read_text())
    cronjob = environment.api.get("cronjobs", "nightly", namespace=environment.namespace)["metadata"]["uid"]

    _uid_of_successful_run(environment, "nightly", minutes_ago=3)

    environment.wait_until_deleted("checks")
    environment.assert_kept("nightly", cronjob)
    waiting.eventually(
        lambda: not environment.prometheus.query("nightly_checked_files"), why="the end of the run's series"
    )
    assert environment.prometheus.value(documented_recipes.block("Before you push", "promql")) == 98_765
    fails, never = _rules().values()
    assert environment.prometheus.query(fails) == environment.prometheus.query(never) == []
    assert environment.prometheus.value(fails.replace("> 26 * 3600", ">= 0")) == pytest.approx(0, abs=300)


def test_groups_of_a_jobs_shards_are_summed_by_the_query_and_deleted_with_the_job(
    environment: environments.Environment,
) -> None:
    _apply(environment, _recipe("Job"))
    assert environment.push.wait_until_finished("import") == "Complete"
    environment.wait_until_deleted("import")
    [query] = documented_recipes.code_spans("Shards of one Job", "sum(")
    assert environment.prometheus.value(query) == 3 * 1024
