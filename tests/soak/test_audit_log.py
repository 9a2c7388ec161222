"""The lives of Jobs are read from audit events as the API server writes them."""

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
        ([_event(20, "delete", {"kind": "Status", "details": {"uid": "uid"}})], {"gone": 20.5}),
        ([_event(20, "delete", _job(finalizers=["foregroundDeletion"], **_DELETION))], {}),
        ([_event(20, "patch", _job(kind="PartialObjectMetadata", **_DELETION))], {"gone": 20.5}),
    ],
    ids=["runs", "soon over", "complete", "failed", "refused", "deleted", "being deleted", "last finalizer taken"],
)
def test_a_life_is_what_was_answered(later: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    assert audit_log.lives([_CREATED, *later]) == {"uid": histories.Life("x", 10.5)._replace(**expected)}


def test_a_request_that_is_only_begun_tells_nothing() -> None:
    assert audit_log.lives([{**_CREATED, "stage": "ResponseStarted"}]) == {}
