"""Read the cases that docs/compatibility.md lists as differences."""

import functools
import re
from collections.abc import Mapping

from tests.support import repository

DOCUMENT = repository.DOCS / "compatibility.md"
LIKE_NEWEST = "Like Pushgateway 1.11, unlike older versions"
DELIBERATE = "Unlike every version of Pushgateway"
_SECTION = re.compile(r"(?m)^## (.+)\n((?:(?!## ).*\n?)*)")
_ROW = re.compile(r"(?m)^\|.*\|([^|]*)\|$")
_ID = re.compile(r"`([^`]+)`")
_NEWEST = (1, 11)


def documented_differences(version: tuple[int, int]) -> frozenset[str]:
    """Ids of the cases in which tidegate and a Pushgateway of this version differ."""
    sections = listed()
    return sections[DELIBERATE] | (sections[LIKE_NEWEST] if version < _NEWEST else frozenset())


@functools.cache
def listed() -> Mapping[str, frozenset[str]]:
    """The ids in the last column of each table, by section of the document."""
    return {
        title: frozenset(case for cell in _ROW.findall(text) for case in _ID.findall(cell))
        for title, text in _SECTION.findall(DOCUMENT.read_text())
    }
