"""Python's search for objects that hold each other, so that it holds up nobody.

A full collection looks at every object there is, without a pause: with 20,000 groups a tenth of a second. Nearly all of
them stay for as long as their groups, and go by themselves when nobody holds them any more.
"""

from __future__ import annotations

import gc
import sys
from typing import Literal

_OLDEST = 2
_THRESHOLDS = (500, 4, 1)
"""New objects before the first generation is looked at, and how often each before the next one is: some five thousand
new ones before a full collection, which takes it a few milliseconds."""

_MANY = 4_000
"""Objects that a full collection leaves from which on they are looked at no more: so many come of groups. Few may be of
requests under way, and are looked at again."""


def spare_what_is_there() -> None:
    """What is there now is never looked at again."""
    gc.collect()
    gc.freeze()


def spare_what_stays() -> None:
    """From now on what a full collection leaves is never looked at again, where that is much.

    For a process whose requests leave no such garbage behind: objects that hold each other, and were spared so, would
    stay for good. From Python 3.14 on collections look at a part at a time by themselves.
    """
    if sys.version_info < (3, 14):
        gc.set_threshold(*_THRESHOLDS)
        gc.callbacks.append(_spare)


def _spare(phase: Literal["start", "stop"], info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == _OLDEST and len(gc.get_objects(_OLDEST)) >= _MANY:
        gc.freeze()
