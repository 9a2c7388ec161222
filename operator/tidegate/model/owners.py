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

    :param drain_timeout: seconds that the group may wait for its scrapers once this owner is over.
    :param rule: the rule by which it owns the group, as ``--ownership`` has it.
    :param kept_for: seconds that its groups stay after it is gone, where nobody saw how it ended before.
    :param kept_until: Unix seconds until which its groups stay, where it ended and they outlive it.
    :param series: the object whose runs follow each other, of a run whose groups stay until the next run pushes.
    """

    owner: Owner
    drain_timeout: float
    rule: str = "name"
    kept_for: float = 0.0
    kept_until: float | None = None
    series: Owner | None = None
