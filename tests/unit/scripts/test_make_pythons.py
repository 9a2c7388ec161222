"""The interpreters that ``make pythons`` runs the tests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import pythons

_SUPPORTED = ("3.11", "3.12")


def _interpreter(version: str, *, path: str = "/usr/bin/python3", build: str = "") -> pythons.Interpreter:
    return pythons.Interpreter(Path(path), version, build or f"{version} (main)")


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


def test_two_paths_to_one_interpreter_count_once() -> None:
    first, second = _interpreter("3.11.2"), _interpreter("3.11.2", path="/usr/bin/python3.11")
    assert pythons.distinct([first, second], supported=_SUPPORTED) == [first]


def test_patch_releases_count_separately_and_sort_numerically() -> None:
    found = [_interpreter("3.12.1"), _interpreter("3.11.10"), _interpreter("3.11.2")]
    versions = [each.version for each in pythons.distinct(found, supported=_SUPPORTED)]
    assert versions == ["3.11.2", "3.11.10", "3.12.1"]


def test_unsupported_version_is_skipped() -> None:
    assert pythons.distinct([_interpreter("3.10.4")], supported=_SUPPORTED) == []


def test_summary_lists_tested_and_skipped_versions() -> None:
    assert pythons.plan([_interpreter("3.11.2")], supported=_SUPPORTED) == (
        "pythons: testing on 3.11.2 (/usr/bin/python3); skipped because no interpreter was found: 3.12"
    )
