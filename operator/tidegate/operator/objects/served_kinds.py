"""The watched kinds, and which of them the API server serves. Custom resources may come and go."""

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
    """The watched kinds of one operator. The resync discovers which of them are served."""

    def __init__(self, kinds: Iterable[owner_kinds.Kind] = owner_kinds.ALWAYS_WATCHED) -> None:
        self._kinds = {kind.resource: kind for kind in kinds}
        self._served = _BUILT_IN & self._kinds.keys()
        self._api_versions = dict(_API_VERSIONS)

    @property
    def all(self) -> tuple[owner_kinds.Kind, ...]:
        """All watched kinds; those that were not discovered yet have no name."""
        return tuple(self._kinds.values())

    @property
    def served(self) -> tuple[owner_kinds.Kind, ...]:
        """The kinds that the API server serves, with their names."""
        return tuple(kind for kind in self._kinds.values() if self.serves(kind))

    def serves(self, kind: owner_kinds.Kind) -> bool:
        """Whether the API server served this resource at the last resync."""
        return kind.resource in self._served

    @staticmethod
    def is_built_in(kind: owner_kinds.Kind) -> bool:
        """Whether every API server serves this kind."""
        return kind.resource in _BUILT_IN

    def mark_served(self, kind: owner_kinds.Kind, *, name: str) -> owner_kinds.Kind:
        """Record that the API server serves this resource, and its qualified name. Returns the kind with its name."""
        named = dataclasses.replace(kind, name=name)
        self._kinds[kind.resource] = named
        self._served.add(kind.resource)
        self._api_versions[name] = kind.api_version
        return named

    def mark_missing(self, kind: owner_kinds.Kind) -> None:
        """Record that the API server does not serve this resource."""
        self._served.discard(kind.resource)

    def reference(self, owner: owners.Owner) -> dict[str, str]:
        """Build an ObjectReference. It has no ``apiVersion`` if the kind is no longer watched."""
        reference = {
            "kind": owner.kind.partition(".")[0],
            "namespace": owner.namespace,
            "name": owner.name,
            "uid": owner.uid,
        }
        version = self._api_versions.get(owner.kind)
        return reference if version is None else {"apiVersion": version, **reference}
