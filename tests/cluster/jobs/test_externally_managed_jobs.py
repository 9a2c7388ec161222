"""A Job with an external manager is finished when the manager sets its status; the test acts as the manager."""

import pytest

from tests.support.jobs import e2e_environment, externally_managed_jobs
from tests.support.kubernetes import admin_client, pod_status


def _set_status(stage: e2e_environment.Stage, name: str, body: admin_client.Object) -> None:
    path = f"apis/batch/v1/namespaces/{stage.namespace}/jobs/{name}/status"
    stage.api.request("PATCH", path, body=body, content_type=admin_client.MERGE_PATCH)


@pytest.mark.parametrize("end", ["Complete", "Failed"])
def test_status_from_the_external_manager_finishes_a_job(stage: e2e_environment.Stage, end: str) -> None:
    name = stage.push.unique(f"managed-{end.lower()}")
    uid = stage.api.create("jobs", externally_managed_jobs.job(name), namespace=stage.namespace)["metadata"]["uid"]
    stage.gateway.push(f"job/{name}", "job_result 1\n")
    stage.wait_until_claimed(name, uid)
    _set_status(stage, name, externally_managed_jobs.ending(end, at=pod_status.timestamp()))
    stage.assert_kept(name, uid)
    stage.gateway.push(f"job/{name}", "job_result 2\n")

    _set_status(stage, name, externally_managed_jobs.ended(end, at=pod_status.timestamp()))

    stage.wait_until_deleted(name)
    assert stage.final(name) == 2.0
    assert stage.event("GroupsRetired", name)["regarding"]["uid"] == uid
