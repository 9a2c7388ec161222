"""Check the house rules that no linter knows: sizes of modules and functions; modules are imported, not names."""

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
    """Print each breach as ``path:line: what`` and exit 1 when there is one."""
    breaches = [breach for tree in TREES for path in sorted((ROOT / tree).rglob("*.py")) for breach in _check(path)]
    for breach in breaches:
        print(breach)
    sys.exit(1 if breaches else 0)


def _check(path: Path) -> Iterator[str]:
    source = path.read_text()
    place = path.relative_to(ROOT)
    lines = source.count("\n")
    if lines > MODULE_LINES:
        yield f"{place}:{lines}: a module has at most {MODULE_LINES} lines, this one {lines}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (length := _length(node)) > FUNCTION_LINES:
            yield f"{place}:{node.lineno}: a function has at most {FUNCTION_LINES} lines, {node.name} has {length}"
        if isinstance(node, ast.ImportFrom):
            for name in _imported_names(node):
                yield f"{place}:{node.lineno}: import the module {node.module} and not {name} out of it"


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring: a long signature or explanation makes no function complicated."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _imported_names(node: ast.ImportFrom) -> Iterator[str]:
    """What is taken out of one of our own modules."""
    package = (node.module or "").split(".")
    if package[0] not in ("tidegate", "tests"):
        return
    folder = (ROOT / "operator" if package[0] == "tidegate" else ROOT).joinpath(*package)
    for alias in node.names:
        if not (folder / alias.name).is_dir() and not (folder / f"{alias.name}.py").is_file():
            yield alias.name


if __name__ == "__main__":
    main()
