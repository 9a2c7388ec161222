"""A Job that another controller manages is over when that one says so; here it is the test."""

import pytest

from tests.cluster import admin_client, pod_status
from tests.e2e import e2e_environment, externally_managed_jobs


def _tell(stage: e2e_environment.Stage, name: str, body: admin_client.Object) -> None:
    path = f"apis/batch/v1/namespaces/{stage.namespace}/jobs/{name}/status"
    stage.api.request("PATCH", path, body=body, content_type=admin_client.MERGE_PATCH)


@pytest.mark.parametrize("end", ["Complete", "Failed"])
def test_the_word_of_its_manager_ends_a_job(stage: e2e_environment.Stage, end: str) -> None:
    name = stage.push.unique(f"managed-{end.lower()}")
    uid = stage.api.create("jobs", externally_managed_jobs.job(name), namespace=stage.namespace)["metadata"]["uid"]
    stage.gateway.push(f"job/{name}", "job_result 1\n")
    stage.claimed(name, uid)
    _tell(stage, name, externally_managed_jobs.ending(end, at=pod_status.timestamp()))
    stage.stays(name, uid)
    stage.gateway.push(f"job/{name}", "job_result 2\n")

    _tell(stage, name, externally_managed_jobs.ended(end, at=pod_status.timestamp()))

    stage.goes(name)
    assert stage.final(name) == 2.0
    assert stage.event("GroupsRetired", name)["regarding"]["uid"] == uid
