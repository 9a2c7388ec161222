"""Whether a test passes does not depend on luck: Hypothesis draws the same examples each time, in every test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import hypothesis

_TESTS = Path(__file__).parents[1]
_AMOUNTS = {"max_examples", "stateful_step_count"}
"""What a test may choose by itself: how much is drawn."""


def _chosen(tree: ast.AST) -> Iterator[str]:
    """The settings and seeds of Hypothesis that this code chooses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("settings", "hypothesis.settings"):
                yield from (keyword.arg or "**" for keyword in node.keywords)
            elif name in ("seed", "hypothesis.seed"):
                yield name


def test_no_test_chooses_more_than_how_much_is_drawn() -> None:
    found = {
        f"{path.relative_to(_TESTS)}: {name}"
        for path in _TESTS.rglob("*.py")
        for name in _chosen(ast.parse(path.read_bytes()))
        if name not in _AMOUNTS
    }
    assert not found, "chosen in tests/conftest.py for all tests"


def test_what_is_chosen_for_all_tests_draws_the_same_examples_and_writes_none_down() -> None:
    profile = hypothesis.settings.get_profile("repeatable")
    assert profile.derandomize
    assert profile.database is None
    assert profile.deadline is None
    assert hypothesis.HealthCheck.too_slow in profile.suppress_health_check


def test_a_test_that_chooses_an_amount_keeps_the_rest() -> None:
    chosen = hypothesis.settings(max_examples=1)
    assert (chosen.deadline, chosen.database) == (None, None)
