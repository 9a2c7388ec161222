"""Jobs of an external manager (`managedBy`, such as MultiKueue's): no pods run, and the test sets their status."""

from tests.support.kubernetes import admin_client, kubernetes_objects

MANAGER = "tests.tidegate.dev/controller"
_START = "2026-01-01T00:00:00Z"


def job(name: str, **fields: object) -> admin_client.Object:
    """A Job that the Job controller does not update."""
    body = kubernetes_objects.job(name, kubernetes_objects.container("true"))
    body["spec"] |= {"managedBy": MANAGER, **fields}
    return body


def ending(kind: str, *, at: str) -> admin_client.Object:
    """The status of a Job that is about to become `Complete` or `Failed`: its pods may still run."""
    return {"status": {"startTime": _START, "conditions": [_condition(_BEFORE[kind], at=at)]}}


def ended(kind: str, *, at: str) -> admin_client.Object:
    """The status of a `Complete` or `Failed` Job, as the API server accepts it."""
    conditions = [_condition(_BEFORE[kind], at=at), _condition(kind, at=at)]
    completion = {"completionTime": at} if kind == "Complete" else {}
    return {"status": {"startTime": _START, "conditions": conditions, **completion}}


_BEFORE = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}


def _condition(kind: str, *, at: str) -> admin_client.Object:
    return {"type": kind, "status": "True", "reason": "Told", "lastTransitionTime": at, "lastProbeTime": at}
