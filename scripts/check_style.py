"""Check the style rules that no linter covers: module and function length, and imports of modules, not names.

``--counts`` prints the lines of tests and of their helpers instead.
"""

from __future__ import annotations

import argparse
import ast
import collections
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TREES = ("operator", "tests", "scripts")
MODULE_LINES = 450
TEST_LINES = 250
"""The maximum for files below tests/."""

FUNCTION_LINES = 40

PROGRAMS = ("bench", "demo", "soak")
"""Folders below tests/ of programs that make targets run."""

_TESTS, _HELPERS = "tests", "helpers (tests/support, conftest.py)"


def main() -> None:
    """Print each violation as ``path:line: message``; exit 1 if there are any."""
    parser = argparse.ArgumentParser(description="Check the style rules that no linter covers.")
    parser.add_argument("--counts", action="store_true", help="Print the lines of tests and of their helpers.")
    if parser.parse_args().counts:
        _print_counts()
        return
    paths = [path for tree in TREES for path in sorted((ROOT / tree).rglob("*.py"))]
    breaches = [breach for path in paths for breach in _check(path)]
    for breach in breaches:
        print(breach)
    sys.exit(1 if breaches else 0)


def _check(path: Path) -> Iterator[str]:
    source = path.read_text()
    place = path.relative_to(ROOT)
    lines, maximum = source.count("\n"), max_lines(place)
    if lines > maximum:
        yield f"{place}:{lines}: module has {lines} lines; the maximum is {maximum}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (length := _length(node)) > FUNCTION_LINES:
            yield f"{place}:{node.lineno}: function {node.name} has {length} lines; the maximum is {FUNCTION_LINES}"
        if isinstance(node, ast.ImportFrom):
            for name in _imported_names(node):
                yield f"{place}:{node.lineno}: import the module {node.module}, not the name {name} from it"


def max_lines(place: Path) -> int:
    """The maximum number of lines of a module, by its path from the top of the checkout."""
    return TEST_LINES if place.parts[0] == "tests" else MODULE_LINES


def _print_counts() -> None:
    """Print the lines below tests/ by kind, and the helpers as a share of the tests."""
    lines = collections.Counter[str]()
    for path in (ROOT / "tests").rglob("*.py"):
        lines[_kind(path.relative_to(ROOT / "tests"))] += path.read_text().count("\n")
    for kind, count in sorted(lines.items()):
        print(f"{count:6} lines of {kind}")
    print(f"{lines[_HELPERS] / lines[_TESTS]:6.0%} helpers to tests; the goal is less than 25%")


def _kind(path: Path) -> str:
    if path.name.startswith("test_"):
        return _TESTS
    if path.parts[0] in PROGRAMS:
        return "programs (bench, demo, soak)"
    is_helper = path.parts[0] == "support" or path.name == "conftest.py"
    return _HELPERS if is_helper else "modules beside the tests that use them"


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of the body without its docstring; a long signature or docstring does not add complexity."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _imported_names(node: ast.ImportFrom) -> Iterator[str]:
    """Yield the names that are imported from a module of this project."""
    package = (node.module or "").split(".")
    if package[0] not in ("tidegate", "tests"):
        return
    folder = (ROOT / "operator" if package[0] == "tidegate" else ROOT).joinpath(*package)
    for alias in node.names:
        if not (folder / alias.name).is_dir() and not (folder / f"{alias.name}.py").is_file():
            yield alias.name


if __name__ == "__main__":
    main()
