"""Messages that the documents quote are messages of the program.

A document quotes a message (log line, error, Event, alert) as a line of a ``log`` block or as a code span. A code
span of two or more words is a message unless it is obviously code: a command, a request, a setting. A code span in
CamelCase is a word of a message: the reason of an Event, an alert, a term of Kubernetes. ``…`` matches any text.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

from tests.support import repository
from tests.support.docs import markdown_documents, transcripts

_OF_KUBERNETES = {"OnFailure", "PreferDualStack", "ImplementationSpecific"}
_OF_OTHERS = {
    "Not Found",
    "HTTP Error 400: Bad Request",
    "unexpected status code 400 Bad Request while pushing to …",
    "405 Method Not Allowed",
    "404 page not found",
}
"""Messages of the clients, of Pushgateway and of HTTP."""

_PROSE = re.compile(r"[\w …,;:.?'()*%/-]+")
_PROGRAMS = re.compile(r"(\S*/)?(curl|eval|git|go|helm|kill|kubectl|make|push-result|pytest|python|set|tidegate|wrk)\b")
_REQUEST = re.compile(r"(GET|HEAD|POST|PUT|DELETE) \S*/")
_SETTING = re.compile(r"[\w./-]+: (\S+|….*)")
_WORD = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)+")
_VARIABLE = re.compile(r"%[.\d]*[a-z]|\{[^{}]*\}")


def test_quoted_messages_are_in_the_source() -> None:
    assert [(page, each) for page, each in _all_quoted() if each not in _OF_OTHERS and _missing_parts(each)] == []


def test_quoted_reasons_are_in_the_source_or_in_kubernetes() -> None:
    known = _literals() + _manifests()
    assert [word for word in _all_words() if word not in _OF_KUBERNETES and word not in known] == []


def test_code_span_of_words_is_a_message() -> None:
    spans = ["the circuit breaker was reset", "… cannot be taken: …", "…; is the gateway up?", "Not Found"]
    assert [span for span in spans if not _is_message(span)] == []


def test_code_span_of_code_is_not_a_message() -> None:
    annotation, settings = "tidegate.dev/cleanup: after=10m", ["when: Never", '{"error": …}']
    spans = ["kubectl get pods", "GET /api/v1/groups", annotation, *settings, "--request PUT", "kubectl"]
    assert [span for span in spans if _is_message(span)] == []


def test_unknown_message_is_detected() -> None:
    assert _all_quoted()
    assert _all_words()
    assert _missing_parts("the list of Jobs and CronJobs failed: …") == ["the list of Jobs and CronJobs failed:"]
    assert _missing_parts("the circuit breaker … burst its banks") == ["burst its banks"]


def _all_quoted() -> list[tuple[str, str]]:
    """Each quoted message with the name of its document."""
    return [(path.name, message) for path in markdown_documents.ALL for message in _quoted(path)]


def _all_words() -> set[str]:
    return {word for path in markdown_documents.ALL for word in _words(path)}


def _quoted(path: Path) -> list[str]:
    """The messages that a document quotes."""
    lines = [line for block in markdown_documents.blocks(path.read_text(), "log") for line in block.splitlines()]
    return lines + [span for span in markdown_documents.spans(path) if _is_message(span)]


def _is_message(span: str) -> bool:
    """Whether this code span is a message rather than code."""
    is_code = any(code.match(span) for code in (_PROGRAMS, _REQUEST)) or _SETTING.fullmatch(span)
    return " " in span and not is_code and not span.startswith("-") and _PROSE.fullmatch(span) is not None


def _words(path: Path) -> list[str]:
    """The CamelCase words that a document has as code spans."""
    return [span for span in markdown_documents.spans(path) if _WORD.fullmatch(span)]


@functools.cache
def _manifests() -> str:
    """The text of all manifests and templates, which contain the names of alerts and Kubernetes terms."""
    files = (path for path in (repository.ROOT / "manifests").rglob("*") if path.suffix in (".yaml", ".tpl"))
    return "\n".join(path.read_text() for path in files)


def _docstrings(tree: ast.AST) -> set[ast.expr]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


@functools.cache
def _literals() -> str:
    """All string literals in the source except docstrings, one per line, with `…` for each inserted value."""
    found = []
    for path in (repository.ROOT / "operator").rglob("*.py"):
        tree = ast.parse(path.read_text())
        docstrings = _docstrings(tree)
        for node in ast.walk(tree):
            if node in docstrings:
                continue
            if isinstance(node, ast.JoinedStr):
                found.append("".join(_part(each) for each in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(_VARIABLE.sub(transcripts.ANYTHING, node.value))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "OutageLog":
                # See `outage_log.OutageLog`: that is the beginning of its line.
                found.append(f"{_part(node.args[0])} failed: ")
    return "\n".join(found)


def _part(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else transcripts.ANYTHING


def _missing_parts(message: str) -> list[str]:
    """The parts of a message, between its `…` and its semicolons, that no literal in the source contains."""
    pieces = map(str.strip, re.split(f"{transcripts.ANYTHING}|; ", message))
    return [piece for piece in pieces if piece and piece not in _literals()]
