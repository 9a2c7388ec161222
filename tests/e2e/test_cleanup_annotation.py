"""When a group is over: what the Job's annotation says."""

import pytest

from tests.cluster import prometheus_server
from tests.e2e import pushing_jobs, sentinel_jobs
from tests.support import tidegate_processes, waiting

pytestmark = pytest.mark.usefixtures("operator", "server")


def _gone(gateway: tidegate_processes.Gateway, name: str) -> None:
    waiting.eventually(lambda: name not in gateway.groups(), why=f"{name} to go", timeout=20.0)


def test_a_failed_job_is_over_too(push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway) -> None:
    name = push.unique("failing")
    push.job(name, fails=True)
    assert push.ended(name) == "Failed"
    _gone(gateway, name)


def test_never_keeps_the_group_even_when_the_job_is_deleted(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name = push.unique("kept")
    push.job(name, annotations={"tidegate.dev/cleanup": "never"})
    push.ended(name)
    push.delete(name)
    sentinel_jobs.pass_by(push, gateway)
    assert not gateway.groups()[name]["claims"]


def test_on_success_keeps_the_group_of_a_failed_job_until_the_job_goes(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    failed, succeeded = push.unique("failed"), push.unique("succeeded")
    for name in (failed, succeeded):
        push.job(name, fails=name == failed, annotations={"tidegate.dev/cleanup": "on-success"})
    push.ended(failed)
    push.ended(succeeded)
    _gone(gateway, succeeded)
    sentinel_jobs.pass_by(push, gateway)
    assert gateway.groups()[failed]["drain_pushed_revision"] is None
    push.delete(failed)
    _gone(gateway, failed)


def test_on_deletion_keeps_the_group_of_a_completed_job_until_the_job_goes(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name = push.unique("until-deleted")
    push.job(name, annotations={"tidegate.dev/cleanup": "on-deletion"})
    push.ended(name)
    sentinel_jobs.pass_by(push, gateway)
    assert gateway.groups()[name]["drain_pushed_revision"] is None
    push.delete(name)
    _gone(gateway, name)


def test_a_grouping_key_in_the_annotation_names_the_group(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, server: prometheus_server.Prometheus
) -> None:
    name, group = push.unique("annotated"), push.unique("nightly")
    annotation = f"job={group},instance=db1"
    push.job(name, result=5.0, group=group, key="instance=db1", annotations={"tidegate.dev/grouping-key": annotation})
    push.ended(name)
    _gone(gateway, group)
    assert server.final_value(f'job_result{{job="{group}",instance="db1"}}') == 5.0


def test_an_instance_label_with_the_pods_name_names_the_group(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, server: prometheus_server.Prometheus
) -> None:
    name, group = push.unique("by-pod"), push.unique("any-name")
    push.job(name, group=group, key="instance=$(POD)")
    push.ended(name)
    _gone(gateway, group)
    assert server.final_value(f'job_result{{job="{group}"}}') == 1.0
