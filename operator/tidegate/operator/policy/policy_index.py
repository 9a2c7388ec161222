"""Which policies are for which object, and what holds for it then.

Field by field: the object's own annotations, then the policies of its namespace, then those of the cluster, then the
default. Among the policies of one level the oldest is asked first, and of two as old the one whose name comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tidegate.operator.policy import cleanup_rules, policies, policy_subjects, templates

MOST_REMEMBERED = 50_000
"""Objects of a namespace that differ in what selectors look at, for which answers are remembered."""


class PolicyBook:
    """All policies there are. It never changes: other policies are another book.

    An answer costs as much as there are policies of the object's namespace and of the cluster, and nearly nothing where
    all of their selectors saw the same in an object before.
    """

    def __init__(self, found: Iterable[policies.Policy] = ()) -> None:
        self.policies = tuple(sorted(found, key=_rank))
        self._shelves: dict[str, _Shelf] = {}

    def __eq__(self, other: object) -> bool:
        """Whether it gives the same answers. The status of policies counts for nothing."""
        return isinstance(other, PolicyBook) and self.policies == other.policies

    def __hash__(self) -> int:
        return hash(tuple(policy.ref for policy in self.policies))

    def rules(self, subject: policy_subjects.Subject) -> cleanup_rules.CleanupRules:
        """What holds for this object."""
        answer = self._shelf(subject.owner.namespace).answer(subject)
        if subject.said is cleanup_rules.SILENT and answer.template is None:
            return answer.rules
        said = [(cleanup_rules.ANNOTATION, subject.said), *answer.said]
        if answer.template is not None and subject.said.keys is None and not any(one.is_unreadable for _, one in said):
            said.append((str(answer.template.ref), _filled(answer.template, subject)))
        return cleanup_rules.merged(said, policies=answer.rules.policies)

    def _shelf(self, namespace: str) -> _Shelf:
        shelf = self._shelves.get(namespace)
        if shelf is None:
            here = [policy for policy in self.policies if not policy.namespaces or namespace in policy.namespaces]
            shelf = self._shelves[namespace] = _Shelf(here)
        return shelf


class _Answer(NamedTuple):
    """What policies say of objects that look alike to them.

    :param said: by whom, what; without what templates make of each object.
    :param template: the policy whose templates are asked.
    :param rules: what holds for an object that says nothing, and where there are no templates.
    """

    said: list[tuple[str, cleanup_rules.Statement]]
    template: policies.Policy | None
    rules: cleanup_rules.CleanupRules


class _Shelf:
    """The policies that may be for the objects of one namespace, in the order in which they are asked."""

    def __init__(self, here: Sequence[policies.Policy]) -> None:
        self._policies = here
        self._looked_at = sorted(frozenset().union(*(policy.selector.keys for policy in here)))
        self._answers: dict[tuple[str | None, ...], _Answer] = {}

    def answer(self, subject: policy_subjects.Subject) -> _Answer:
        look = (subject.owner.kind, *map(subject.labels.get, self._looked_at))
        answer = self._answers.get(look)
        if answer is None:
            if len(self._answers) >= MOST_REMEMBERED:
                self._answers.clear()
            answer = self._answers[look] = _answer([each for each in self._policies if each.selects(subject)])
        return answer


def _answer(found: Sequence[policies.Policy]) -> _Answer:
    said = [(str(policy.ref), policy.said) for policy in found]
    return _Answer(
        said=said,
        template=next((policy for policy in found if policy.templates is not None), None),
        rules=cleanup_rules.merged(said, policies=tuple(policy.ref for policy in found)),
    )


def _filled(policy: policies.Policy, subject: policy_subjects.Subject) -> cleanup_rules.Statement:
    """The keys of this object by a policy's templates. Where one cannot be filled nothing of the object is cleaned."""
    if subject.makes_others:
        return cleanup_rules.Statement(keys=frozenset())
    keys = set()
    for template in policy.templates or ():
        try:
            keys.add(templates.fill(template, subject))
        except templates.UnfilledError as error:
            problem = f"{policy.ref}: {template.text!r}: {error}; {cleanup_rules.KEPT}"
            return cleanup_rules.Statement(problems=(problem,), is_unreadable=True)
    return cleanup_rules.Statement(keys=frozenset(keys))


def _rank(policy: policies.Policy) -> tuple[bool, float, str]:
    return policy.scope is policies.Scope.CLUSTER, policy.created, policy.ref.name
