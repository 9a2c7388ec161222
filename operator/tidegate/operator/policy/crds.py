"""The definitions of the two kinds of policy: the one source of ``manifests/crds``, written by ``scripts/crds.py``.

No field has a default that would say something: what a policy does not say the next one may. The rules in CEL refuse
what :mod:`~tidegate.operator.policy.policies` could not read, and each says in words what it wants.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from tidegate.operator.policy import crd_schema, policies, policy_status

Json: TypeAlias = dict[str, Any]

CATEGORY = "tidegate"
SHORT_NAMES = {policies.Scope.NAMESPACE: "gcpol", policies.Scope.CLUSTER: "cgcpol"}

_ABOUT = {
    policies.Scope.NAMESPACE: (
        "GroupCleanupPolicy says for the Jobs of its namespace, and for other objects that make pods, which groups "
        "of pushed metrics belong to them and when these are over. Each field by itself, it is asked after an object's "
        "own tidegate.dev annotations and before every ClusterGroupCleanupPolicy; of several, the oldest one is asked "
        "first."
    ),
    policies.Scope.CLUSTER: (
        "ClusterGroupCleanupPolicy says for the Jobs of all namespaces, and for other objects that make pods, which "
        "groups of pushed metrics belong to them and when these are over. Each field by itself, it is asked after an "
        "object's own tidegate.dev annotations and after every GroupCleanupPolicy of its namespace; of several, the "
        "oldest one is asked first."
    ),
}


def definition(scope: policies.Scope) -> Json:
    """The CustomResourceDefinition of one kind of policy."""
    names = {
        "kind": scope.value,
        "listKind": f"{scope.value}List",
        "plural": scope.plural,
        "singular": scope.value.lower(),
        "shortNames": [SHORT_NAMES[scope]],
        "categories": [CATEGORY],
    }
    version = {
        "name": policies.VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": _columns(),
        "schema": {"openAPIV3Schema": _object_schema(scope)},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{scope.plural}.{policies.GROUP}",
            "labels": {"app.kubernetes.io/part-of": "tidegate"},
        },
        "spec": {
            "group": policies.GROUP,
            "scope": "Namespaced" if scope is policies.Scope.NAMESPACE else "Cluster",
            "names": names,
            "versions": [version],
        },
    }


def _object_schema(scope: policies.Scope) -> Json:
    return {
        "description": _ABOUT[scope],
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"description": f"{policies.GROUP}/{policies.VERSION}", "type": "string"},
            "kind": {"description": scope.value, "type": "string"},
            "metadata": {"type": "object"},
            "spec": crd_schema.schema(scope),
            "status": _status(),
        },
    }


def _columns() -> list[Json]:
    ready = f'.status.conditions[?(@.type=="{policy_status.Condition.READY.value}")].status'
    return [
        _column("When", ".spec.when", "When the groups are over; blank where the policy does not say it."),
        _column("After", ".spec.after", "How long after the end."),
        _column("Matched Jobs", ".status.matchedJobs", "Objects that the policy is for.", kind="integer"),
        _column("Matched Groups", ".status.matchedGroups", "Groups that belong to them.", kind="integer"),
        _column("Last Action", ".status.lastAction.type", "What was done last to one of these groups."),
        _column("Ready", ready, "Whether the policy works for everything that it selects."),
        _column("Age", ".metadata.creationTimestamp", "How old the policy is.", kind="date"),
    ]


def _column(name: str, path: str, description: str, *, kind: str = "string") -> Json:
    return {"name": name, "type": kind, "jsonPath": path, "description": description}


def _status() -> Json:
    return {
        "description": "What the operator found; it writes it at most once in each of its resync periods.",
        "type": "object",
        "properties": {
            "observedGeneration": {
                "description": "The metadata.generation of the policy that this is about.",
                "type": "integer",
                "format": "int64",
                "minimum": 0,
            },
            "matchedJobs": _count("Objects that the policy is for."),
            "matchedGroups": _count("Groups that belong to them."),
            "lastAction": _last_action(),
            "conditions": _conditions(),
        },
    }


def _count(description: str) -> Json:
    return {"description": description, "type": "integer", "format": "int32", "minimum": 0}


def _last_action() -> Json:
    return {
        "description": "What was done last to one of these groups.",
        "type": "object",
        "required": ["type", "time", "group"],
        "properties": {
            "type": {
                "description": "Retired: it was over, and waits to be read. Deleted: it is gone.",
                "type": "string",
                "enum": [act.value for act in policy_status.Act],
            },
            "time": {"description": "When.", "type": "string", "format": "date-time"},
            "group": {
                "description": "The group, as its labels.",
                "type": "string",
                "maxLength": policy_status.LONGEST_GROUP,
            },
        },
    }


def _conditions() -> Json:
    """A list of ``metav1.Condition``."""
    return {
        "description": (
            "Accepted: the operator can read the policy; one that it cannot read keeps everything that it selects. "
            "Ready: it is accepted, and there is no object for which a template of `groups` cannot be filled."
        ),
        "type": "array",
        "items": {
            "description": "One aspect of the policy's state.",
            "type": "object",
            "required": ["type", "status", "lastTransitionTime", "reason", "message"],
            "properties": _condition(),
        },
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    }


def _condition() -> Json:
    return {
        "type": {
            "description": "What it is about.",
            "type": "string",
            "maxLength": 316,
            "pattern": crd_schema.LABEL_NAME,
        },
        "status": {"description": "Whether it is so.", "type": "string", "enum": ["True", "False", "Unknown"]},
        "observedGeneration": {
            "description": "The metadata.generation of the policy that this is about.",
            "type": "integer",
            "format": "int64",
            "minimum": 0,
        },
        "lastTransitionTime": {
            "description": "When the status last became another.",
            "type": "string",
            "format": "date-time",
        },
        "reason": {
            "description": "Why, in one word.",
            "type": "string",
            "minLength": 1,
            "maxLength": 1024,
            "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        },
        "message": {"description": "Why, in words.", "type": "string", "maxLength": 32768},
    }
