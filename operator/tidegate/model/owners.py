"""Owners of groups, and claims: a claim of the operator records in the gateway that a group has an owner."""

from __future__ import annotations

from typing import NamedTuple, NewType

Uid = NewType("Uid", str)
"""``metadata.uid`` of a Kubernetes object. It is never reused, so an object that is created again is another owner."""


class Owner(NamedTuple):
    """The Kubernetes object that a group follows."""

    kind: str
    namespace: str
    name: str
    uid: Uid

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Claim(NamedTuple):
    """An owner of a group, with the cleanup settings that are needed after the owner was deleted.

    :param drain_timeout: seconds that the group waits for its scrapers after this owner has finished.
    :param rule: the ownership rule of the claim, as in ``--ownership``.
    :param kept_for: seconds that the group is kept after the owner was deleted, if its end was not observed.
    :param kept_until: Unix seconds until which the group is kept after the owner has finished.
    :param series: the parent of consecutive runs, if the groups of a run are kept until the next run pushes.
    """

    owner: Owner
    drain_timeout: float
    rule: str = "name"
    kept_for: float = 0.0
    kept_until: float | None = None
    series: Owner | None = None
