"""Reasons: every code has a text, and is made with just the fields that its text needs."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import tidegate
from tidegate.model import reason_texts, reasons


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
