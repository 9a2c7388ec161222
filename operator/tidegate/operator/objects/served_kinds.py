"""Which kinds are looked at, and which of them the API server has: a resource may come and go with its definition."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from tidegate.model import owners
from tidegate.operator.objects import owner_kinds

_BUILT_IN = {kind.resource for kind in (*owner_kinds.ALWAYS_WATCHED, owner_kinds.POD)}
_API_VERSIONS = {
    kind.name: kind.api_version for kind in (*owner_kinds.ALWAYS_WATCHED, *owner_kinds.BY_SHORT_NAME.values())
}


class ServedKinds:
    """The kinds of one operator. The lists learn what there is; what an object is called in an Event is asked here."""

    def __init__(self, kinds: Iterable[owner_kinds.Kind] = owner_kinds.ALWAYS_WATCHED) -> None:
        self._kinds = {kind.resource: kind for kind in kinds}
        self._served = _BUILT_IN & self._kinds.keys()
        self._api_versions = dict(_API_VERSIONS)

    @property
    def all(self) -> tuple[owner_kinds.Kind, ...]:
        """All of them, each with as much as is known of it."""
        return tuple(self._kinds.values())

    @property
    def served(self) -> tuple[owner_kinds.Kind, ...]:
        """Those that the API server has, each with its name."""
        return tuple(kind for kind in self._kinds.values() if self.serves(kind))

    def serves(self, kind: owner_kinds.Kind) -> bool:
        """Whether the API server has this resource, as far as is known."""
        return kind.resource in self._served

    @staticmethod
    def is_built_in(kind: owner_kinds.Kind) -> bool:
        """Whether every API server has it."""
        return kind.resource in _BUILT_IN

    def mark_served(self, kind: owner_kinds.Kind, *, name: str) -> owner_kinds.Kind:
        """The API server has this resource, and this is what its objects are called (:func:`owner_kinds.word`)."""
        named = dataclasses.replace(kind, name=name)
        self._kinds[kind.resource] = named
        self._served.add(kind.resource)
        self._api_versions[name] = kind.api_version
        return named

    def mark_missing(self, kind: owner_kinds.Kind) -> None:
        """The API server has no such resource."""
        self._served.discard(kind.resource)

    def reference(self, owner: owners.Owner) -> dict[str, str]:
        """How Kubernetes refers to an object; without a version where the kind is one that nobody watches any more."""
        made = {
            "kind": owner.kind.partition(".")[0],
            "namespace": owner.namespace,
            "name": owner.name,
            "uid": owner.uid,
        }
        version = self._api_versions.get(owner.kind)
        return made if version is None else {"apiVersion": version, **made}
