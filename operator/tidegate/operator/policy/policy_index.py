"""The index of policies: which of them select an object, and the cleanup rules that apply to it.

Each rule comes from the first source that sets it: the object's own annotations, then the policies of its namespace,
then cluster-wide policies, then the default. Among policies of one scope the oldest has precedence; of two that are as
old, the one whose name sorts first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tidegate.operator.policy import cleanup_rules, policies, policy_subjects, templates

MAX_CACHED_MATCHES = 50_000
"""Objects of a namespace that differ in what selectors read, for which matches are cached."""


class PolicyIndex:
    """All policies. Immutable: a change of policies makes another index.

    A look-up reads all policies of the object's namespace and all cluster-wide ones, or a cached match if another
    object has the same kind and the same values of all labels that their selectors read.
    """

    def __init__(self, all_policies: Iterable[policies.Policy] = ()) -> None:
        self.policies = tuple(sorted(all_policies, key=_precedence))
        self._by_namespace: dict[str, _NamespaceIndex] = {}

    def __eq__(self, other: object) -> bool:
        """Whether it gives the same rules. The status of policies is not compared."""
        return isinstance(other, PolicyIndex) and self.policies == other.policies

    def __hash__(self) -> int:
        return hash(tuple(policy.ref for policy in self.policies))

    def rules(self, subject: policy_subjects.Subject) -> cleanup_rules.CleanupRules:
        """The cleanup rules that apply to an object."""
        match = self._namespace(subject.owner.namespace).match(subject)
        if subject.own_rules is cleanup_rules.NO_RULES and match.template_policy is None:
            return match.rules
        sources = [(cleanup_rules.ANNOTATION, subject.own_rules), *match.sources]
        names_no_keys = subject.own_rules.keys is None and not any(rules.is_invalid for _, rules in sources)
        if match.template_policy is not None and names_no_keys:
            sources.append((str(match.template_policy.ref), _expanded(match.template_policy, subject)))
        return cleanup_rules.merge(sources, policies=match.rules.policies)

    def _namespace(self, namespace: str) -> _NamespaceIndex:
        index = self._by_namespace.get(namespace)
        if index is None:
            relevant = [policy for policy in self.policies if not policy.namespaces or namespace in policy.namespaces]
            index = self._by_namespace[namespace] = _NamespaceIndex(relevant)
        return index


class _Match(NamedTuple):
    """The policies that select an object.

    :param sources: their names and rules, without what templates add for each object.
    :param template_policy: the first policy with templates.
    :param rules: the rules that apply to an object without annotations, without what templates add.
    """

    sources: list[tuple[str, cleanup_rules.PartialRules]]
    template_policy: policies.Policy | None
    rules: cleanup_rules.CleanupRules


class _NamespaceIndex:
    """The policies that may select objects of one namespace, in order of precedence."""

    def __init__(self, relevant: Sequence[policies.Policy]) -> None:
        self._policies = relevant
        self._selector_labels = sorted(frozenset().union(*(policy.selector.keys for policy in relevant)))
        self._matches: dict[tuple[str | None, ...], _Match] = {}

    def match(self, subject: policy_subjects.Subject) -> _Match:
        cache_key = (subject.owner.kind, *map(subject.labels.get, self._selector_labels))
        match = self._matches.get(cache_key)
        if match is None:
            if len(self._matches) >= MAX_CACHED_MATCHES:
                self._matches.clear()
            selected = [policy for policy in self._policies if policy.selects(subject)]
            match = self._matches[cache_key] = _match(selected)
        return match


def _match(selected: Sequence[policies.Policy]) -> _Match:
    sources = [(str(policy.ref), policy.rules) for policy in selected]
    return _Match(
        sources=sources,
        template_policy=next((policy for policy in selected if policy.templates is not None), None),
        rules=cleanup_rules.merge(sources, policies=tuple(policy.ref for policy in selected)),
    )


def _expanded(policy: policies.Policy, subject: policy_subjects.Subject) -> cleanup_rules.PartialRules:
    """The grouping keys that a policy's templates give an object. If one cannot be expanded, no group is deleted."""
    if subject.is_template:
        return cleanup_rules.PartialRules(keys=frozenset())
    keys = set()
    for template in policy.templates or ():
        try:
            keys.add(templates.expand(template, subject))
        except templates.MissingFieldError as error:
            problem = f"{policy.ref}: {template.text!r}: {error}; {cleanup_rules.KEPT_UNTIL_FIXED}"
            return cleanup_rules.PartialRules(problems=(problem,), is_invalid=True)
    return cleanup_rules.PartialRules(keys=frozenset(keys))


def _precedence(policy: policies.Policy) -> tuple[bool, float, str]:
    return policy.scope is policies.Scope.CLUSTER, policy.created, policy.ref.name
