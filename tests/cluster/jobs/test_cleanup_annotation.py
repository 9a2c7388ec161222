"""The Job's annotation determines when its groups are deleted."""

import pytest

from tests.support import waiting
from tests.support.jobs import pushing_jobs, sentinel_jobs
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server

pytestmark = pytest.mark.usefixtures("operator", "server")


def _eventually_deleted(gateway: tidegate_processes.Gateway, name: str) -> None:
    waiting.eventually(lambda: name not in gateway.groups(), why=f"{name} to go", timeout=20.0)


def test_group_of_a_failed_job_is_deleted(push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway) -> None:
    name = push.unique("failing")
    push.job(name, fails=True)
    assert push.wait_until_finished(name) == "Failed"
    _eventually_deleted(gateway, name)


def test_cleanup_never_keeps_the_group_after_the_job_is_deleted(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name = push.unique("kept")
    push.job(name, annotations={"tidegate.dev/cleanup": "never"})
    push.wait_until_finished(name)
    push.delete(name)
    sentinel_jobs.wait_for_full_pass(push, gateway)
    assert not gateway.groups()[name]["claims"]


def test_cleanup_on_success_keeps_the_group_of_a_failed_job_until_the_job_is_deleted(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    failed, succeeded = push.unique("failed"), push.unique("succeeded")
    for name in (failed, succeeded):
        push.job(name, fails=name == failed, annotations={"tidegate.dev/cleanup": "on-success"})
    push.wait_until_finished(failed)
    push.wait_until_finished(succeeded)
    _eventually_deleted(gateway, succeeded)
    sentinel_jobs.wait_for_full_pass(push, gateway)
    assert gateway.groups()[failed]["drain_pushed_revision"] is None
    push.delete(failed)
    _eventually_deleted(gateway, failed)


def test_cleanup_on_deletion_keeps_the_group_of_a_completed_job_until_the_job_is_deleted(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name = push.unique("until-deleted")
    push.job(name, annotations={"tidegate.dev/cleanup": "on-deletion"})
    push.wait_until_finished(name)
    sentinel_jobs.wait_for_full_pass(push, gateway)
    assert gateway.groups()[name]["drain_pushed_revision"] is None
    push.delete(name)
    _eventually_deleted(gateway, name)


def test_group_is_owned_by_the_job_whose_annotation_has_its_grouping_key(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, server: prometheus_server.Prometheus
) -> None:
    name, group = push.unique("annotated"), push.unique("nightly")
    annotation = f"job={group},instance=db1"
    push.job(name, result=5.0, group=group, key="instance=db1", annotations={"tidegate.dev/grouping-key": annotation})
    push.wait_until_finished(name)
    _eventually_deleted(gateway, group)
    assert server.final_value(f'job_result{{job="{group}",instance="db1"}}') == 5.0


def test_group_is_owned_by_the_job_of_the_pod_in_its_instance_label(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, server: prometheus_server.Prometheus
) -> None:
    name, group = push.unique("by-pod"), push.unique("any-name")
    push.job(name, group=group, key="instance=$(POD)")
    push.wait_until_finished(name)
    _eventually_deleted(gateway, group)
    assert server.final_value(f'job_result{{job="{group}"}}') == 1.0
