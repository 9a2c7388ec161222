"""Test results do not depend on chance: Hypothesis draws the same examples in every run, in every test."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import hypothesis

from tests.support import repository

_TESTS = repository.TESTS
_AMOUNTS = {"max_examples", "stateful_step_count"}
"""The settings that a test may override: only the number of examples."""


def _chosen(tree: ast.AST) -> Iterator[str]:
    """The Hypothesis settings and seeds that this code sets."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("settings", "hypothesis.settings"):
                yield from (keyword.arg or "**" for keyword in node.keywords)
            elif name in ("seed", "hypothesis.seed"):
                yield name


def test_tests_override_only_the_number_of_examples() -> None:
    found = {
        f"{path.relative_to(_TESTS)}: {name}"
        for path in _TESTS.rglob("*.py")
        for name in _chosen(ast.parse(path.read_bytes()))
        if name not in _AMOUNTS
    }
    assert not found, "chosen in tests/conftest.py for all tests"


def test_default_settings_are_derandomized_and_have_no_example_database() -> None:
    profile = hypothesis.settings.get_profile("repeatable")
    assert profile.derandomize
    assert profile.database is None
    assert profile.deadline is None
    assert hypothesis.HealthCheck.too_slow in profile.suppress_health_check


def test_overriding_the_number_of_examples_keeps_the_other_settings() -> None:
    chosen = hypothesis.settings(max_examples=1)
    assert (chosen.deadline, chosen.database) == (None, None)
