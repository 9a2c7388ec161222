"""A Job with an external manager is finished when the manager sets its status; the test acts as the manager."""

import pytest

from tests.support import environments
from tests.support.jobs import externally_managed_jobs
from tests.support.kubernetes import pod_status


@pytest.mark.parametrize("end", ["Complete", "Failed"])
def test_status_from_the_external_manager_finishes_a_job(environment: environments.Environment, end: str) -> None:
    name = environment.push.unique(f"managed-{end.lower()}")
    job = environment.api.create("jobs", externally_managed_jobs.job(name), namespace=environment.namespace)
    uid = job["metadata"]["uid"]
    environment.gateway.push(f"job/{name}", "# TYPE job_result gauge\njob_result 1\n")
    environment.wait_until_claimed(name, uid)
    environment.set_status(name, externally_managed_jobs.ending(end, at=pod_status.timestamp()))
    environment.assert_kept(name, uid)
    environment.gateway.push(f"job/{name}", "# TYPE job_result gauge\njob_result 2\n")

    environment.end(name, end)

    environment.wait_until_deleted(name)
    assert environment.final(name) == 2.0
    assert environment.event("GroupsRetired", name)["regarding"]["uid"] == uid
