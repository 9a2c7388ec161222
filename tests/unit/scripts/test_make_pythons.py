"""The interpreters that ``make pythons`` runs the tests on."""

from __future__ import annotations

from pathlib import Path

from scripts import pythons

_SUPPORTED = ("3.11", "3.12")


def _interpreter(version: str, *, path: str = "/usr/bin/python3", build: str = "") -> pythons.Interpreter:
    return pythons.Interpreter(Path(path), version, build or f"{version} (main)")


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
