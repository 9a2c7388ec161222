"""The rules of English that ``make lint`` checks, and the parts of a file that they apply to."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import prose, prose_rules

WRONG_AND_RIGHT = {
    "clause": ("What is no longer used goes.", "What is a group?"),
    "told": ("The client is told so.", "The gateway tells the client so."),
    "tells-of": ("The log tells of it.", "The log reports it."),
    "is-no": ("That is no Job.", "There is no Job, its value is None, and it is no longer needed."),
    "no-more": ("It is asked no more.", "It has no more than two labels."),
    "sake": ("For Pushgateway's sake.", "For compatibility with Pushgateway."),
    "anew": ("Start it anew.", "Start it again."),
    "whose": ("It says whose it is.", "A Job whose labels differ."),
    "likewise": ("The operator likewise.", "The operator, too."),
    "of-what": ("A part of what was pushed.", "Part of the body."),
    "beside": ("The operator runs beside it.", "The operator runs beside a Pushgateway."),
    "nobody": ("Nobody reads it.", "No scraper reads it."),
    "stranger": ("A stranger's group.", "An unowned group."),
    "turn-away": ("The push is turned away.", "The push is rejected."),
    "refuse": ("The push is refused.", "Connection refused. The gateway refuses to start."),
    "answer": ("The answer is 200.", "The response has status 200."),
    "metaphor": ("The operator's picture.", "The operator's cache."),
    "outlive": ("It outlives the process.", "It survives a restart."),
    "complain": ("It complains about it.", "It logs an error."),
    "over": ("The Job is over.", "The push is over the limit."),
    "gone": ("The group is gone.", "The status is 410 Gone."),
    "in-words": ("It fails in words.", "It fails with an error message."),
    "had": ("It cannot be had.", "It is not available."),
    "steady": ("The steady clock.", "The monotonic clock."),
    "stands": ("It stands in the file.", "It stands in for a server."),
}


@pytest.fixture(autouse=True)
def registered() -> None:
    prose.register()


def test_each_rule_has_an_example() -> None:
    assert WRONG_AND_RIGHT.keys() == {rule.name for rule in prose_rules.RULES}


@pytest.mark.parametrize(("rule", "texts"), WRONG_AND_RIGHT.items(), ids=WRONG_AND_RIGHT)
def test_rule_finds_the_wrong_text_alone(rule: str, texts: tuple[str, str], tmp_path: Path) -> None:
    wrong, right = texts
    assert rule in _rules(tmp_path / "it.md", wrong)
    assert rule not in _rules(tmp_path / "it.md", right)


def test_finding_has_the_line_and_column_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "it.py"
    path.write_text('"""First line.\n\n    Start it\n    anew.\n"""\n')
    assert [finding[1:4] for finding in prose.check(str(path))] == [(4, 5, "anew")]


def test_phrase_is_found_across_a_line_break(tmp_path: Path) -> None:
    assert _rules(tmp_path / "it.md", "The client is\ntold so.") == ["told"]
    assert _rules(tmp_path / "it.py", "x = 1  # The client is\n# told so.\n") == ["told"]
    assert _rules(tmp_path / "it.py", 'log("The client is "\n    "told so.")\n') == ["told"]
    assert _rules(tmp_path / "it.yaml", "# The client is\n# told so.\n") == ["told"]


@pytest.mark.parametrize("text", ["```\nanew\n```", "    anew", "Set `anew`.", "See [this](anew.md).", "<!-- anew -->"])
def test_code_in_markdown_is_not_checked(text: str, tmp_path: Path) -> None:
    assert _rules(tmp_path / "it.md", text) == []


@pytest.mark.parametrize("text", ["# What it costs", "| What | Why |\n| - | - |\n| one | two |"])
def test_heading_may_begin_with_what(text: str, tmp_path: Path) -> None:
    assert _rules(tmp_path / "it.md", text) == []


@pytest.mark.parametrize(
    "text", ['"""Anew."""', "# Anew.", 'log("built anew")', 'log(f"built {x} anew")', "def test_it_starts_anew(): pass"]
)
def test_text_in_python_is_checked(text: str, tmp_path: Path) -> None:
    assert _rules(tmp_path / "it.py", text) == ["anew"]


@pytest.mark.parametrize("text", ["anew = 1", 'x["anew"]', 'log("built", f"by {anew} it")', '"""Set `anew`."""'])
def test_code_in_python_is_not_checked(text: str, tmp_path: Path) -> None:
    assert _rules(tmp_path / "it.py", text) == []


@pytest.mark.parametrize("text", ['help="what is logged"', "# what is logged", "def test_what_is_logged(): pass"])
def test_text_in_python_does_not_begin_with_what_in_lower_case(text: str, tmp_path: Path) -> None:
    assert _rules(tmp_path / "it.py", text) == ["clause"]


def test_comments_and_literals_of_javascript_are_checked(tmp_path: Path) -> None:
    assert _rules(tmp_path / "it.js", 'anew(); // anew\nshow("built anew");\n') == ["anew", "anew"]


def test_exempt_paths_exist() -> None:
    assert [path for path in prose.EXEMPT.read_text().split() if not (prose.ROOT / path).exists()] == []


def _rules(path: Path, text: str) -> list[str]:
    path.write_text(text + "\n")
    return [finding.rule for finding in prose.check(str(path))]
