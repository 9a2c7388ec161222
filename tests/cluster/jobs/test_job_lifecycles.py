"""The owners of groups during the lifecycles of Jobs and CronJobs, and the Events on them."""

from tests.support import environments, waiting
from tests.support.kubernetes import kubernetes_objects


def test_recreated_job_becomes_the_owner_of_its_predecessors_group(environment: environments.Environment) -> None:
    name = environment.push.unique("again")
    first = environment.push.job(name, result=1.0, runs_on=True)
    environment.wait_until_claimed(name, first["metadata"]["uid"])
    environment.prometheus.pause()
    environment.push.delete(name)
    second = environment.push.job(name, result=2.0, runs_on=True)
    environment.wait_until_claimed(name, second["metadata"]["uid"])
    environment.prometheus.resume()
    environment.wait_for_value(2.0, name)
    environment.assert_kept(name, second["metadata"]["uid"])
    environment.push.delete(name)
    environment.wait_until_deleted(name)


def test_suspended_job_is_not_finished(environment: environments.Environment) -> None:
    name = environment.push.unique("paused")
    job = environment.push.job(name, runs_on=True)
    environment.wait_until_claimed(name, job["metadata"]["uid"])
    environment.api.patch("jobs", name, {"spec": {"suspend": True}}, namespace=environment.namespace)
    waiting.eventually(
        lambda: not environment.cluster.pods_of(name, namespace=environment.namespace), why="its pod to go"
    )
    environment.wait_for_full_pass()
    group = environment.gateway.groups()[name]
    assert group["drain_pushed_revision"] is None
    assert group["claims"]


def test_group_of_two_jobs_of_one_name_in_two_namespaces_is_kept_until_both_finish(
    environment: environments.Environment,
) -> None:
    name, elsewhere = environment.push.unique("shared"), environment.cluster.create_namespace()
    try:
        here = environment.push.job(name, runs_on=True)
        there = environment.push.job(name, runs_on=True, namespace=elsewhere)
        environment.wait_until_claimed(name, here["metadata"]["uid"], there["metadata"]["uid"])
        environment.event("AmbiguousGroup", name)
        environment.push.delete(name)
        environment.wait_for_full_pass()
        assert environment.gateway.groups()[name]["drain_pushed_revision"] is None
        environment.push.delete(name, namespace=elsewhere)
        environment.wait_until_deleted(name)
    finally:
        environment.api.delete("namespaces", elsewhere)


def test_namespace_label_distinguishes_jobs_of_one_name(environment: environments.Environment) -> None:
    name, elsewhere = environment.push.unique("labelled"), environment.cluster.create_namespace()
    try:
        here = environment.push.job(name, runs_on=True, key=f"namespace={environment.namespace}")
        environment.push.job(name, runs_on=True, namespace=elsewhere, key=f"namespace={environment.namespace}")
        environment.wait_until_claimed(name, here["metadata"]["uid"])
        environment.push.delete(name)
        environment.wait_until_deleted(name)
    finally:
        environment.api.delete("namespaces", elsewhere)


def test_group_named_after_a_cronjob_is_kept_between_runs_and_deleted_with_it(
    environment: environments.Environment,
) -> None:
    name = environment.push.unique("nightly")
    body = kubernetes_objects.cronjob(name, environment.push.container(name, result=4.0))
    cronjob = environment.api.create("cronjobs", body, namespace=environment.namespace)
    run = f"{name}-1"
    environment.cluster.kubectl("create", "job", run, f"--from=cronjob/{name}", "--namespace", environment.namespace)
    environment.push.wait_until_finished(run)
    environment.wait_until_claimed(name, cronjob["metadata"]["uid"])
    environment.push.delete(run)
    environment.wait_for_full_pass()
    assert environment.gateway.groups()[name]["drain_pushed_revision"] is None
    environment.api.delete("cronjobs", name, namespace=environment.namespace)
    environment.wait_until_deleted(name)
    assert environment.prometheus.final_value(f'job_result{{job="{name}"}}') == 4.0


def test_group_of_the_same_name_from_another_client_is_kept(environment: environments.Environment) -> None:
    name = environment.push.unique("borrowed")
    environment.gateway.push(f"job/{name}", "mine 1\n")
    waiting.eventually(lambda: _seconds_old(environment, name) > _CLEARLY_OLDER, why="the push to be clearly older")
    environment.push.job(name, group=environment.push.unique("own"))
    environment.push.wait_until_finished(name)
    environment.wait_for_full_pass()
    assert not environment.gateway.groups()[name]["claims"]


def test_events_on_the_job_report_the_cleanup_of_its_groups(environment: environments.Environment) -> None:
    name = environment.push.unique("events")
    job = environment.push.job(name)
    for reason in ("GroupsRetired", "GroupsDeleted"):
        event = environment.event(reason, name)
        assert event["regarding"]["uid"] == job["metadata"]["uid"]
    found = environment.api.get("jobs", name, namespace=environment.namespace)["metadata"]
    assert "finalizers" not in found
    assert "annotations" not in found


_CLEARLY_OLDER = 5.0 + 1.0 + 1.0
"""Tolerance in seconds for clock differences and for timestamps of whole seconds (creation time, ``Date`` header)."""


def _seconds_old(environment: environments.Environment, name: str) -> float:
    return environment.gateway.now() - float(environment.gateway.groups()[name]["push_time"])
