"""Python's garbage collection, without long pauses of the event loop.

A full collection visits every object there is, without a pause: with 20,000 groups a tenth of a second. Nearly all of
them stay for as long as their groups, and reference counting frees them. Longest full collection while a store takes
20,000 groups of five series, and then 100,000 other objects, without and with this module:

=======  ============  ===========
CPython  by default    with this
=======  ============  ===========
3.11.7   128 ms        2.3 ms
3.12.1   173 ms        2.1 ms
3.13.0   144 ms        2.5 ms
3.14.8   106 ms        1.9 ms
=======  ============  ===========

CPython 3.14.0 to 3.14.4 collect in increments, of 50 ms and more with 600,000 objects (3.14.2). This module has no
effect there; 3.14.5 went back to generations.
"""

from __future__ import annotations

import gc
from typing import Literal

_OLDEST = 2
_THRESHOLDS = (500, 4, 1)
"""New objects before the first generation is collected, and how often each is before the next one: some five thousand
new objects before a full collection, which takes a few milliseconds. The defaults differ by version: 3.11 and
3.12 collect the first generation after 700 new objects, 3.13 and 3.14 after 2,000."""

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
    stay for good.
    """
    gc.set_threshold(*_THRESHOLDS)
    gc.callbacks.append(_spare)


def _spare(phase: Literal["start", "stop"], info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == _OLDEST and len(gc.get_objects(_OLDEST)) >= _MANY:
        gc.freeze()
