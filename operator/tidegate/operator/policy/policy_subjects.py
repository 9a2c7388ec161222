"""What policies are asked about: an object cut down to what a selector or a template may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.model import owners
from tidegate.operator.policy import cleanup_rules

LONGEST_VALUE = 1024
"""Characters of an annotation that is kept, and of a value that a template makes."""


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
    said: cleanup_rules.Statement = cleanup_rules.SILENT
    makes_others: bool = False
