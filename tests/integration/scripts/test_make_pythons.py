"""``make pythons`` asks each interpreter for its version."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import pythons


def _program(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["#!/bin/sh", *lines]))
    path.chmod(0o755)
    return path


def test_version_is_read_from_the_interpreter(tmp_path: Path) -> None:
    path = _program(tmp_path / "python3.12", "echo 3.12.1", "echo '3.12.1 (main, Dec 8 2023)'")
    assert list(pythons.interpreters([path])) == [pythons.Interpreter(path, "3.12.1", "3.12.1 (main, Dec 8 2023)")]


@pytest.mark.parametrize("lines", [("exit 127",), None])
def test_command_that_fails_is_not_an_interpreter(lines: tuple[str, ...] | None, tmp_path: Path) -> None:
    path = tmp_path / "python3.12"
    if lines is not None:
        _program(path, *lines)
    assert list(pythons.interpreters([path])) == []


def test_interpreter_of_an_image_is_run_by_the_command_of_the_image(tmp_path: Path) -> None:
    prefix = (str(_program(tmp_path / "enter", "echo 3.14.8", "echo '3.14.8 (main)'")),)
    path = Path("/in/the/image/python3.14")
    assert list(pythons.interpreters([path], prefix=prefix)) == [
        pythons.Interpreter(path, "3.14.8", "3.14.8 (main)", prefix)
    ]
