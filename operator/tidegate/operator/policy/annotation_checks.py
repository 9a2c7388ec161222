"""Checks for ``tidegate.dev`` annotations without effect: misspelled, or in a place where the operator reads none.

Pure. Each check yields problems as text for the author; :mod:`cleanup_rules` decides what follows from a problem.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping

PREFIX = "tidegate.dev/"
"""The prefix of all annotations of tidegate, and of no others."""

_SIMILARITY = 0.75
"""The ratio of :mod:`difflib` from which a name is taken for a misspelled one: ``group-key`` for ``grouping-key``."""
_SEPARATORS = re.compile(r"[^a-z0-9]+")


def unknown(annotations: Collection[str], *, known: Collection[str]) -> Iterator[str]:
    """Check the names of an object's annotations."""
    for name in sorted(annotations):
        if name.startswith(PREFIX) and name not in known:
            nearest = _nearest(name, known)
            advice = f"did you mean {nearest}?" if nearest else f"known annotations: {', '.join(sorted(known))}"
            yield f"{name} is not an annotation of tidegate ({advice})"


def misplaced(elsewhere: Mapping[str, str], *, place: str, read: Mapping[str, str], right_place: str) -> Iterator[str]:
    """Check annotations in a place where they have no effect.

    An annotation with the same value in the right place is accepted: tools annotate all places alike.

    :param place: the name of the place.
    :param read: the annotations in the right place.
    """
    for name, text in sorted(elsewhere.items()):
        if name.startswith(PREFIX) and read.get(name) != text:
            yield f"{name} has no effect on {place}; put it on {right_place}"


def labelled(labels: Mapping[str, str], *, known: Collection[str], read: Mapping[str, str]) -> Iterator[str]:
    """Check labels that have the name of an annotation. Other labels are for selectors."""
    for name in sorted(labels.keys() & set(known)):
        if name not in read:
            yield f"{name} has no effect as a label; make it an annotation"


def _nearest(name: str, known: Collection[str]) -> str | None:
    simplified = {_simplified(each): each for each in known}
    nearest = difflib.get_close_matches(_simplified(name), simplified, n=1, cutoff=_SIMILARITY)
    return simplified[nearest[0]] if nearest else None


def _simplified(name: str) -> str:
    return _SEPARATORS.sub("", name.removeprefix(PREFIX).lower())
