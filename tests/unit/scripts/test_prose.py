"""The parts of a file that the rules of English apply to, and the places of the findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import prose


@pytest.fixture(autouse=True)
def registered() -> None:
    prose.register()


def _rules(path: Path, text: str) -> list[str]:
    path.write_text(text + "\n")
    return [finding.rule for finding in prose.check(str(path))]


def test_finding_has_the_line_and_column_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "it.py"
    path.write_text('"""First line.\n\n    Start it\n    anew.\n"""\n')
    assert [finding[1:4] for finding in prose.check(str(path))] == [(4, 5, "anew")]


def test_phrase_is_found_across_a_line_break(tmp_path: Path) -> None:
    assert _rules(tmp_path / "it.md", "The client is\ntold so.") == ["told"]
    assert _rules(tmp_path / "it.py", "x = 1  # The client is\n# told so.\n") == ["told"]
    assert _rules(tmp_path / "it.py", 'log("The client is "\n    "told so.")\n') == ["told"]
    assert _rules(tmp_path / "it.yaml", "# The client is\n# told so.\n") == ["told"]


def test_code_in_markdown_is_not_checked(tmp_path: Path) -> None:
    parts = ["```\nanew\n```", "    anew", "Set `anew`.", "See [this](anew.md).", "<!-- anew -->"]
    assert _rules(tmp_path / "it.md", "\n\n".join(parts)) == []


def test_heading_may_begin_with_what(tmp_path: Path) -> None:
    assert _rules(tmp_path / "it.md", "# What it costs\n\n| What | Why |\n| - | - |\n| one | two |") == []


def test_docstrings_comments_literals_and_test_names_in_python_are_checked(tmp_path: Path) -> None:
    lines = ['"""Anew."""', "# Anew.", 'log("built anew")', 'log(f"built {x} anew")', "def test_it_starts_anew(): pass"]
    assert _rules(tmp_path / "it.py", "\n".join(lines)) == ["anew"] * 5


def test_code_in_python_is_not_checked(tmp_path: Path) -> None:
    lines = ["anew = 1", 'x["anew"]', 'log("built", f"by {anew} it")', 'def f():\n    """Set `anew`."""']
    assert _rules(tmp_path / "it.py", "\n".join(lines)) == []


def test_comments_and_literals_of_javascript_are_checked(tmp_path: Path) -> None:
    assert _rules(tmp_path / "it.js", 'anew(); // anew\nshow("built anew");\n') == ["anew", "anew"]
