"""A Job with an external manager is finished when the manager sets its status; the test acts as the manager."""

import pytest

from tests.support import environments
from tests.support.jobs import externally_managed_jobs
from tests.support.kubernetes import admin_client, pod_status


def _set_status(environment: environments.Environment, name: str, body: admin_client.Object) -> None:
    path = f"apis/batch/v1/namespaces/{environment.namespace}/jobs/{name}/status"
    environment.api.request("PATCH", path, body=body, content_type=admin_client.MERGE_PATCH)


@pytest.mark.parametrize("end", ["Complete", "Failed"])
def test_status_from_the_external_manager_finishes_a_job(environment: environments.Environment, end: str) -> None:
    name = environment.push.unique(f"managed-{end.lower()}")
    uid = environment.api.create("jobs", externally_managed_jobs.job(name), namespace=environment.namespace)[
        "metadata"
    ]["uid"]
    environment.gateway.push(f"job/{name}", "job_result 1\n")
    environment.wait_until_claimed(name, uid)
    _set_status(environment, name, externally_managed_jobs.ending(end, at=pod_status.timestamp()))
    environment.assert_kept(name, uid)
    environment.gateway.push(f"job/{name}", "job_result 2\n")

    _set_status(environment, name, externally_managed_jobs.ended(end, at=pod_status.timestamp()))

    environment.wait_until_deleted(name)
    assert environment.final(name) == 2.0
    assert environment.event("GroupsRetired", name)["regarding"]["uid"] == uid
