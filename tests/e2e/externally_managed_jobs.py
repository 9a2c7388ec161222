"""Jobs that are managed by somebody else (`managedBy`, as MultiKueue's): no pods run, and a test sets their status."""

from tests.cluster import admin_client, kubernetes_objects

MANAGER = "tests.tidegate.dev/controller"
_START = "2026-01-01T00:00:00Z"


def job(name: str, **fields: object) -> admin_client.Object:
    """A Job whose status the Job controller leaves alone."""
    body = kubernetes_objects.job(name, kubernetes_objects.container("true"))
    body["spec"] |= {"managedBy": MANAGER, **fields}
    return body


def ending(kind: str, *, at: str) -> admin_client.Object:
    """The status of a Job that is about to be `Complete` or `Failed`: its pods may still run."""
    return {"status": {"startTime": _START, "conditions": [_condition(_BEFORE[kind], at=at)]}}


def ended(kind: str, *, at: str) -> admin_client.Object:
    """The status of a Job that is `Complete` or `Failed`, as the API server takes it."""
    conditions = [_condition(_BEFORE[kind], at=at), _condition(kind, at=at)]
    completion = {"completionTime": at} if kind == "Complete" else {}
    return {"status": {"startTime": _START, "conditions": conditions, **completion}}


_BEFORE = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}


def _condition(kind: str, *, at: str) -> admin_client.Object:
    return {"type": kind, "status": "True", "reason": "Told", "lastTransitionTime": at, "lastProbeTime": at}
