"""Precedence: annotations, then policies of the namespace, then cluster-wide policies, each setting on its own."""

from __future__ import annotations

from tests.support.operator import policy_builders
from tidegate.operator.policy import cleanup_rules, policies, policy_index


def test_each_setting_comes_from_the_first_source_that_has_it() -> None:
    index = policy_index.PolicyIndex(
        [
            policy_builders.policy({"drainTimeout": "10m", "keepFailedFor": "1h"}, scope=policies.Scope.CLUSTER),
            policy_builders.policy({"when": "Never", "drainTimeout": "1m"}),
        ]
    )
    rules = index.rules(policy_builders.subject(annotations=policy_builders.says(cleanup="on-success")))
    assert rules.cleanup is cleanup_rules.Cleanup.ON_SUCCESS
    assert (rules.drain_timeout, rules.keep_failed_for) == (60.0, 3600.0)
