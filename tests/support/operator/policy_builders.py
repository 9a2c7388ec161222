"""Builders of policies and their subjects; everything is in `prod` and was created at 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegate.model import owners
from tidegate.operator.policy import cleanup_rules, policies, policy_subjects

START = 1_700_000_000
NAMESPACED, CLUSTERWIDE = policies.Scope


def body(
    spec: Any,
    *,
    scope: policies.Scope = NAMESPACED,
    name: str = "it",
    namespace: str = "prod",
    created: int = 0,
    status: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build a policy as in a response of the API server; `created` is in minutes after the start."""
    metadata = {
        "name": name,
        "uid": f"{name}-uid",
        "generation": 1,
        "creationTimestamp": f"2026-01-01T{created // 60:02}:{created % 60:02}:00Z",
    }
    if scope is NAMESPACED:
        metadata["namespace"] = namespace
    policy_body = {"metadata": metadata, "spec": spec}
    return policy_body if status is None else policy_body | {"status": status}


def policy(spec: Any, *, scope: policies.Scope = NAMESPACED, **metadata: Any) -> policies.Policy:
    return policies.parse(body(spec, scope=scope, **metadata), scope=scope)


def subject(
    name: str = "run-1",
    *,
    kind: str = "Job",
    namespace: str = "prod",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    parent: str | None = None,
    is_template: bool = False,
) -> policy_subjects.Subject:
    return policy_subjects.Subject(
        owners.Owner(kind, namespace, name, owners.Uid(f"{name}-uid")),
        labels=labels or {},
        annotations=annotations or {},
        own_rules=cleanup_rules.from_annotations(annotations or {}),
        parent=None if parent is None else owners.Owner("CronJob", namespace, parent, owners.Uid(f"{parent}-uid")),
        is_template=is_template,
    )


def says(**annotations: str) -> dict[str, str]:
    """Build annotations of tidegate: `says(cleanup="never", grouping_key="job=a")`."""
    return {f"tidegate.dev/{name.replace('_', '-')}": value for name, value in annotations.items()}
