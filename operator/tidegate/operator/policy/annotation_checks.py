"""Annotations of ours that would have no effect: under a name that there is not, or in a place where nobody reads them.

Pure. Each is a problem in words for its author; what comes of a problem, :mod:`cleanup_rules` decides.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping

PREFIX = "tidegate.dev/"
"""Every annotation of ours begins with this, and nobody else's does."""

_SIMILAR = 0.75
"""From which ratio of :mod:`difflib` on one name is taken for another: ``group-key`` for ``grouping-key``."""
_SEPARATORS = re.compile(r"[^a-z0-9]+")


def unknown(annotations: Collection[str], *, known: Collection[str]) -> Iterator[str]:
    """What is wrong with the names of an object's annotations."""
    for name in sorted(annotations):
        if name.startswith(PREFIX) and name not in known:
            meant = _nearest(name, known)
            advice = f"did you mean {meant}?" if meant else f"there are {', '.join(sorted(known))}"
            yield f"{name} is not an annotation of tidegate ({advice})"


def misplaced(elsewhere: Mapping[str, str], *, place: str, read: Mapping[str, str], right_place: str) -> Iterator[str]:
    """What is wrong with annotations where they are not read. One that says the same in the right place, too, is no
    problem: tools annotate everything alike.

    :param place: what the place is called.
    :param read: the annotations in the right place.
    """
    for name, text in sorted(elsewhere.items()):
        if name.startswith(PREFIX) and read.get(name) != text:
            yield f"{name} has no effect on {place}; put it on {right_place}"


def labelled(labels: Mapping[str, str], *, known: Collection[str], read: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with labels that are to be annotations. Any other label is for selectors."""
    for name in sorted(labels.keys() & set(known)):
        if name not in read:
            yield f"{name} has no effect as a label; make it an annotation"


def _nearest(name: str, known: Collection[str]) -> str | None:
    plain = {_plain(each): each for each in known}
    found = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=_SIMILAR)
    return plain[found[0]] if found else None


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", name.removeprefix(PREFIX).lower())
