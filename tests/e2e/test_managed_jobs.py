"""A Job that another controller manages is over when that one says so; here it is the test."""

import pytest

from tests.cluster import apis, podstatuses
from tests.e2e import managers, stages


def _tell(stage: stages.Stage, name: str, body: apis.Object) -> None:
    path = f"apis/batch/v1/namespaces/{stage.namespace}/jobs/{name}/status"
    stage.api.request("PATCH", path, body=body, content_type=apis.MERGE_PATCH)


@pytest.mark.parametrize("end", ["Complete", "Failed"])
def test_the_word_of_its_manager_ends_a_job(stage: stages.Stage, end: str) -> None:
    name = stage.push.unique(f"managed-{end.lower()}")
    uid = stage.api.create("jobs", managers.job(name), namespace=stage.namespace)["metadata"]["uid"]
    stage.gateway.push(f"job/{name}", "job_result 1\n")
    stage.claimed(name, uid)
    _tell(stage, name, managers.ending(end, at=podstatuses.timestamp()))
    stage.stays(name, uid)
    stage.gateway.push(f"job/{name}", "job_result 2\n")

    _tell(stage, name, managers.ended(end, at=podstatuses.timestamp()))

    stage.goes(name)
    assert stage.final(name) == 2.0
    assert stage.event("GroupsRetired", name)["regarding"]["uid"] == uid
