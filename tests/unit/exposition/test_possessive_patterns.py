"""Possessive groups match the same on every CPython.

CPython before 3.11.5 continues a possessive repetition behind what a failed iteration had matched, unless that is only
plain characters (gh-106052). Debian 12 has such a CPython.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

import tidegate

_parser: Any = importlib.import_module("re._parser")

_CHARACTERS = ("LITERAL", "NOT_LITERAL", "ANY", "IN")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_Items = Sequence[tuple[Any, Any]]


def _patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every compiled pattern of the package, with its name."""
    for module in pkgutil.walk_packages(tidegate.__path__, "tidegate."):
        if not module.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, re.Pattern):
                    yield f"{module.name}.{name}", value


def _is_one_character(items: _Items) -> bool:
    return len(items) == 1 and str(items[0][0]) in _CHARACTERS


def _cannot_fail(item: tuple[Any, Any]) -> bool:
    operation, argument = item
    return str(operation) in _REPEATS and argument[0] == 0 and _is_one_character(argument[2])


def _is_safe(body: _Items) -> bool:
    """Whether each alternative has plain characters alone, or cannot fail behind its first item."""
    if len(body) == 1 and str(body[0][0]) == "BRANCH":
        return all(_is_safe(alternative) for alternative in body[0][1][1])
    return all(str(operation) in _CHARACTERS for operation, _ in body) or (
        str(body[0][0]) in (*_CHARACTERS, *_REPEATS)
        and (str(body[0][0]) in _CHARACTERS or _is_one_character(body[0][1][2]))
        and all(_cannot_fail(item) for item in body[1:])
    )


def _parts(items: Any) -> Iterator[tuple[Any, Any]]:
    """Every item of a parsed pattern, with those within it."""
    if isinstance(items, _parser.SubPattern):
        for operation, argument in items:
            yield operation, argument
            yield from _parts(argument)
    elif isinstance(items, (tuple, list)):
        for each in items:
            yield from _parts(each)


def _unsafe(pattern: re.Pattern[Any]) -> list[str]:
    """The possessive and atomic groups whose result depends on the version of CPython."""
    found = []
    for operation, argument in _parts(_parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)):
        match str(operation):
            case "POSSESSIVE_REPEAT":
                body = argument[2]
            case "ATOMIC_GROUP":
                body = argument
            case _:
                continue
        if not _is_safe(body):
            found.append(str(body))
    return found


def test_no_iteration_of_a_possessive_group_fails_half_way() -> None:
    patterns = dict(_patterns())
    assert "tidegate.exposition.text.parser._LINE" in patterns
    assert {name: groups for name, pattern in patterns.items() if (groups := _unsafe(pattern))} == {}


@pytest.mark.parametrize(
    "text", [r"(?:ab?c)*+", r"(?:ab?c)?+", r"x(?:(?:.(?!D))++)?", r"(?>(?:ab?c)+)", r"(?:,(?!b)a)*+"]
)
def test_a_group_that_matches_too_much_on_an_old_cpython_is_found(text: str) -> None:
    assert _unsafe(re.compile(text))


@pytest.mark.parametrize("text", [r"a*+", r"(?:[^\\]++|\\[\\n])*+", r"(?:[ \t]++|#[^\n]*+)*+", r"(?:ab?c)*"])
def test_a_group_that_matches_the_same_on_every_cpython_passes(text: str) -> None:
    assert _unsafe(re.compile(text)) == []
