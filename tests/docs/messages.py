"""What the program says, out of its source, to hold documents against."""

from __future__ import annotations

import ast
import functools
import re

from tests.docs import documents, transcripts

_VARIABLE = re.compile(r"%[.\d]*[a-z]|\{[^{}]*\}")


@functools.cache
def _literals() -> str:
    """All texts in the source, one below the other, with `…` in the places of what varies."""
    found = []
    for path in (documents.ROOT / "operator").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(_part(each) for each in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(_VARIABLE.sub(transcripts.ANYTHING, node.value))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Outage":
                # See `outages.Outage`: that is the beginning of its line.
                found.append(f"{_part(node.args[0])} fails: ")
    return "\n".join(found)


def _part(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else transcripts.ANYTHING


def unsaid(message: str) -> list[str]:
    """The pieces of a message, between its `…` and its semicolons, that no text in the source has."""
    pieces = map(str.strip, re.split(f"{transcripts.ANYTHING}|; ", message))
    return [piece for piece in pieces if piece and piece not in _literals()]
