"""Check the style rules that no linter covers: module and function length, and imports of modules, not names."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TREES = ("operator", "tests", "scripts")
MODULE_LINES = 450
FUNCTION_LINES = 40


def main() -> None:
    """Print each violation as ``path:line: message``; exit 1 if there are any."""
    breaches = [breach for tree in TREES for path in sorted((ROOT / tree).rglob("*.py")) for breach in _check(path)]
    for breach in breaches:
        print(breach)
    sys.exit(1 if breaches else 0)


def _check(path: Path) -> Iterator[str]:
    source = path.read_text()
    place = path.relative_to(ROOT)
    lines = source.count("\n")
    if lines > MODULE_LINES:
        yield f"{place}:{lines}: module has {lines} lines; the maximum is {MODULE_LINES}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (length := _length(node)) > FUNCTION_LINES:
            yield f"{place}:{node.lineno}: function {node.name} has {length} lines; the maximum is {FUNCTION_LINES}"
        if isinstance(node, ast.ImportFrom):
            for name in _imported_names(node):
                yield f"{place}:{node.lineno}: import the module {node.module}, not the name {name} from it"


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
