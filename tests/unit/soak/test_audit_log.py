"""The lifetimes of Jobs are read from audit events in the format of the API server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.soak import audit_log, histories

_DELETION = {"deletionTimestamp": "1970-01-01T00:00:30Z"}


def _event(second: int, verb: str, answer: dict[str, Any], *, code: int = 200) -> dict[str, Any]:
    return {
        "stage": "ResponseComplete",
        "stageTimestamp": f"1970-01-01T00:00:{second:02}.500000Z",
        "verb": verb,
        "responseStatus": {"code": code},
        "responseObject": answer,
    }


def _job(*conditions: str, kind: str = "Job", **metadata: Any) -> dict[str, Any]:
    status = {"conditions": [{"type": name, "status": "True"} for name in conditions]}
    return {"kind": kind, "metadata": {"name": "x", "uid": "uid", **metadata}, "status": status}


_CREATED = _event(10, "create", _job(), code=201)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([], {}),
        ([_event(20, "update", _job("SuccessCriteriaMet"))], {}),
        ([_event(20, "update", _job("Complete")), _event(25, "patch", _job("Complete"))], {"succeeded": 20.5}),
        ([_event(20, "update", _job("FailureTarget", "Failed"))], {"failed": 20.5}),
        ([_event(20, "update", _job("Failed"), code=409)], {}),
        ([_event(20, "delete", {"kind": "Status", "details": {"uid": "uid"}})], {"deleted": 20.5}),
        ([_event(20, "delete", _job(finalizers=["foregroundDeletion"], **_DELETION))], {}),
        ([_event(20, "patch", _job(kind="PartialObjectMetadata", **_DELETION))], {"deleted": 20.5}),
    ],
    ids=["runs", "soon over", "complete", "failed", "refused", "deleted", "being deleted", "last finalizer taken"],
)
def test_lifetime_comes_from_the_responses(later: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    assert audit_log.lives([_CREATED, *later]) == {"uid": histories.Life("x", 10.5)._replace(**expected)}


def test_request_without_a_response_is_ignored() -> None:
    assert audit_log.lives([{**_CREATED, "stage": "ResponseStarted"}]) == {}
