"""Jobs and CronJobs cut down to what decides about groups, so that ten thousand of them cost a few megabytes."""

from __future__ import annotations

import datetime
import enum
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from tidegate.controller import cleanups
from tidegate.model import owners

Json: TypeAlias = Mapping[str, Any]


class Kind(enum.StrEnum):
    """The kinds of objects whose life a group can follow; the value is Kubernetes' own word."""

    JOB = "Job"
    CRONJOB = "CronJob"


class Finish(NamedTuple):
    """How a Job ended, and when (Unix seconds, the API server's clock)."""

    succeeded: bool
    at: float


@dataclass(frozen=True, slots=True)
class OwnerView:
    """A Job or a CronJob, as far as it matters here.

    :param created: Unix seconds, the API server's clock, whole seconds.
    :param finish: ``None`` while it runs, is suspended, or is a CronJob.
    :param completions: of an Indexed Job, how many indexes it has; ``None`` for any other.
    :param hostname: what its pod template says, where it does.
    :param version: ``resourceVersion``, ``None`` where it is no number and so cannot be compared.
        Two views that differ in nothing else are equal.
    """

    owner: owners.Owner
    created: float
    rules: cleanups.CleanupRules
    finish: Finish | None = None
    completions: int | None = None
    hostname: str | None = None
    version: int | None = field(default=None, compare=False)

    @property
    def uid(self) -> owners.Uid:
        return self.owner.uid

    @property
    def kind(self) -> str:
        return self.owner.kind


def view(data: Json, *, kind: Kind) -> OwnerView:
    """The view of an object as the API server gives it; ``KeyError`` or ``ValueError`` where it is no such object."""
    return job_view(data) if kind is Kind.JOB else cronjob_view(data)


def job_view(data: Json) -> OwnerView:
    """The view of a ``batch/v1`` Job."""
    spec = data["spec"]
    template = spec.get("template", {}).get("spec", {})
    indexed = spec.get("completionMode") == "Indexed"
    return OwnerView(
        owner=_owner(data, kind=Kind.JOB),
        created=unix_seconds(data["metadata"]["creationTimestamp"]),
        rules=cleanups.parse(data["metadata"].get("annotations") or {}),
        finish=_finish(data),
        completions=spec.get("completions") if indexed else None,
        hostname=template.get("hostname"),
        version=_version(data),
    )


def cronjob_view(data: Json) -> OwnerView:
    """The view of a ``batch/v1`` CronJob; its rules are those that it gives to its Jobs."""
    template = data["spec"].get("jobTemplate", {}).get("metadata") or {}
    return OwnerView(
        owner=_owner(data, kind=Kind.CRONJOB),
        created=unix_seconds(data["metadata"]["creationTimestamp"]),
        rules=cleanups.parse(template.get("annotations") or {}),
        version=_version(data),
    )


def unix_seconds(text: str) -> float:
    """Unix seconds of a Kubernetes timestamp such as ``2026-01-31T08:00:00Z``."""
    return datetime.datetime.fromisoformat(text).timestamp()


def _owner(data: Json, *, kind: Kind) -> owners.Owner:
    metadata = data["metadata"]
    # Namespaces are few and objects many: one string for each namespace.
    namespace = sys.intern(metadata["namespace"])
    return owners.Owner(kind=kind.value, namespace=namespace, name=metadata["name"], uid=owners.Uid(metadata["uid"]))


def _finish(data: Json) -> Finish | None:
    """Only these two conditions are terminal; SuccessCriteriaMet and FailureTarget leave pods running."""
    for condition in data.get("status", {}).get("conditions") or ():
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            # The time is optional in the API. Its creation deletes least: no later push is taken for its own.
            at = condition.get("lastTransitionTime") or data["metadata"]["creationTimestamp"]
            return Finish(succeeded=condition["type"] == "Complete", at=unix_seconds(at))
    return None


def _version(data: Json) -> int | None:
    text: str = data["metadata"].get("resourceVersion", "")
    return int(text) if text.isascii() and text.isdigit() else None
