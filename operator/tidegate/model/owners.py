"""Owners of groups, and claims: the operator's word to the gateway that a group has an owner."""

from __future__ import annotations

from typing import NamedTuple, NewType

Uid = NewType("Uid", str)
"""``metadata.uid`` of a Kubernetes object: never used twice, so a recreated name is another owner."""


class Owner(NamedTuple):
    """The Kubernetes object whose life a group follows."""

    kind: str
    namespace: str
    name: str
    uid: Uid

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Claim(NamedTuple):
    """An owner of a group, with what must be known when the owner itself can no longer be asked.

    ``drain_timeout`` is in seconds: how long the group may wait for its scrapers once this owner is over.
    """

    owner: Owner
    drain_timeout: float
