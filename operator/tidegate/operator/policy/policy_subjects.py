"""Policy subjects: an object, reduced to what the selectors and templates of policies read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.model import owners
from tidegate.operator.policy import cleanup_rules

MAX_VALUE_CHARACTERS = 1024
"""Characters of an annotation that is cached, and of a value in an expanded template."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An object as policies see it.

    :param labels: its labels; of a CronJob, those of its job template.
    :param annotations: its annotations, or those of its job template; without those of tidegate and long ones.
    :param parent: its controller; of a CronJob's run, the CronJob.
    :param own_rules: the cleanup rules that its annotations set.
    :param is_template: whether it is a CronJob, whose rules are for its runs. Templates give it no groups of its own.
    """

    owner: owners.Owner
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    parent: owners.Owner | None = None
    own_rules: cleanup_rules.PartialRules = cleanup_rules.NO_RULES
    is_template: bool = False
