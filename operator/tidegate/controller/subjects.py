"""What policies are asked about: an object cut down to what a selector or a template may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tidegate.controller import cleanups
from tidegate.model import owners

Json: TypeAlias = Mapping[str, Any]

LONGEST_VALUE = 1024
"""Characters of an annotation that a template may use; longer ones (kubectl's copy of the object) are not kept."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An object, as far as policies look at it.

    :param labels: its own; of what makes others (a CronJob) those that it gives to them.
    :param annotations: likewise; without the project's own and long ones.
    :param parent: its controller, of a CronJob's run the CronJob.
    :param said: what its own annotations say.
    :param makes_others: whether its rules are those of what it makes. It has no groups by a policy's templates itself.
    """

    owner: owners.Owner
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    parent: owners.Owner | None = None
    said: cleanups.Statement = cleanups.SILENT
    makes_others: bool = False


def subject(owner: owners.Owner, metadata: Json, *, parent: owners.Owner | None, makes_others: bool = False) -> Subject:
    """The subject of this owner; ``metadata`` is its own, or that of a CronJob's job template."""
    annotations: Mapping[str, str] = metadata.get("annotations") or {}
    return Subject(
        owner=owner,
        labels=metadata.get("labels") or {},
        annotations={
            name: value
            for name, value in annotations.items()
            if name not in cleanups.ANNOTATIONS and len(value) <= LONGEST_VALUE
        },
        parent=parent,
        said=cleanups.read(annotations),
        makes_others=makes_others,
    )
