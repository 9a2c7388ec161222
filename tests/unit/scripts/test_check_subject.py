"""The hook that checks the subject line of a commit message."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import check_subject


def _faults(message: str) -> list[str]:
    return list(check_subject.faults(message.splitlines()))


@pytest.mark.parametrize(
    "message",
    [
        "Delete a group when every scraper has read it",
        "Embed the page's icon",
        "Process pushes in order",
        "Focus the dialog's first button",
        "Use one clock\n\nTwo clocks differ after a suspend.",
        "Merge branch 'main' into clocks that are much longer than seventy-two characters in all",
    ],
)
def test_imperative_subject_with_an_empty_line_below_is_accepted(message: str) -> None:
    assert _faults(message) == []


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("A" * 73, "73 characters"),
        ("add a flag", "capital letter"),
        ("", "capital letter"),
        ("Add a flag.", "full stop"),
        ("Added a flag", "'Added'"),
        ("Fixes the flag", "'Fixes'"),
        ("Adding a flag", "'Adding'"),
        ("Add a flag\nand its test", "second line"),
    ],
)
def test_fault_in_a_subject_is_named(message: str, fault: str) -> None:
    [found] = _faults(message)
    assert fault in found


def test_comments_of_git_are_ignored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "COMMIT_EDITMSG"
    path.write_text("# Enter the message.\nAdd a flag\n# On branch main\n")
    assert check_subject.main([str(path)]) == 0
    path.write_text("# Enter the message.\nAdded a flag\n")
    assert check_subject.main([str(path)]) == 1
    assert "imperative" in capsys.readouterr().err
