"""Reasons: every code has a text, and is made with just the fields that its text needs."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import tidegate
from tidegate.model import grouping, reason_texts, reasons

KEYS = [grouping.grouping_key({"job": f"x{number}"}) for number in range(5)]


def _fields(code: reasons.Code) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(reason_texts.TEXTS[code]) if name}


def _made() -> Iterator[tuple[str, set[str]]]:
    """Each code that the source makes a reason of by name, with the names of its fields."""
    for path in Path(tidegate.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) != "reasons.reason":
                continue
            if isinstance(node.args[0], ast.Attribute) and all(each.arg for each in node.keywords):
                yield node.args[0].attr, {str(each.arg) for each in node.keywords}


def test_every_code_has_a_text() -> None:
    assert set(reason_texts.TEXTS) == set(reasons.Code)


def test_reasons_have_the_fields_that_their_texts_need() -> None:
    made = list(_made())
    assert len(made) > 40
    assert [(code, fields) for code, fields in made if _fields(reasons.Code[code]) != fields] == []


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, 'Deleted group {job="x0"}: another client deleted it, or Pushgateway lost it in a restart'),
        (
            2,
            'Deleted 2 groups: {job="x0"} and {job="x1"}: another client deleted them, or Pushgateway lost them in a '
            "restart",
        ),
        (
            5,
            'Deleted 5 groups: {job="x0"}, {job="x1"}, {job="x2"} and 2 more: another client deleted them, or '
            "Pushgateway lost them in a restart",
        ),
    ],
)
def test_a_few_of_many_groups_are_named(count: int, text: str) -> None:
    assert reason_texts.text(reasons.reason(reasons.Code.EVENT_VANISHED, keys=KEYS[:count])) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "1970-01-01 00:00:00Z"), (1_769_846_400.4, "2026-01-31 08:00:00Z"), (1e30, "1e+30")],
)
def test_a_time_is_utc(seconds: float, text: str) -> None:
    assert reason_texts.time(seconds) == text
