"""CHANGELOG.md follows Keep a Changelog."""

from __future__ import annotations

import re

import pytest

import tidegate
from scripts import changelog

_KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

_TEXT = changelog.PATH.read_text()
_SECTIONS = changelog.sections(_TEXT)


def test_unreleased_changes_are_the_newest_section() -> None:
    assert _SECTIONS[0].version == changelog.UNRELEASED
    assert _SECTIONS[0].date == ""


def test_released_versions_have_a_date_and_are_sorted() -> None:
    released = _SECTIONS[1:]
    assert [section.version for section in released if not section.date] == []
    numbers = [[int(part) for part in section.version.split(".")] for section in released]
    assert numbers == sorted(numbers, reverse=True)


def test_every_heading_of_the_second_level_is_a_version() -> None:
    assert len(re.findall(r"^## ", _TEXT, re.MULTILINE)) == len(_SECTIONS)


@pytest.mark.parametrize("section", _SECTIONS, ids=lambda section: section.version)
def test_changes_are_below_the_kinds_of_keep_a_changelog(section: changelog.Section) -> None:
    assert set(re.findall(r"^### (.*)$", section.text, re.MULTILINE)) <= _KINDS


def test_every_version_has_a_link_reference() -> None:
    assert set(changelog.references(_TEXT)) == {section.version for section in _SECTIONS}


def test_first_release_changes_nothing_that_was_released_before() -> None:
    first = _SECTIONS[-1]
    assert set(re.findall(r"^### (.*)$", first.text, re.MULTILINE)) <= {"Added", "Security"}


def test_declared_version_is_the_newest_release_or_the_next_one() -> None:
    released = [section.version for section in _SECTIONS[1:]]
    numbers = [int(part) for part in tidegate.__version__.split(".")]
    assert not released or numbers >= [int(part) for part in released[0].split(".")]
