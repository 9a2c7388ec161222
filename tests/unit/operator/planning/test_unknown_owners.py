"""Plans for groups with a claim of which the operator cannot tell whether its owner exists."""

from __future__ import annotations

from tests.support.operator import object_builders


def test_claim_of_an_unknown_owner_is_kept_beside_an_active_owner() -> None:
    active, unlisted = object_builders.job("x"), object_builders.job("x", namespace="dev")
    record = object_builders.group("job=x", claims=[active, unlisted])
    assert object_builders.planned(object_builders.cache(active, holds=[record], namespaces=["prod"])) == []
