"""Python's garbage collection without long pauses of the event loop.

A full collection visits every object without a break, which takes a tenth of a second with 20,000 groups. Nearly all
of these objects live as long as their groups, and reference counting frees them. Longest full collection while a store
receives 20,000 groups of five series, and then 100,000 other objects, without and with this module:

=======  ============  ===========
CPython  by default    with this
=======  ============  ===========
3.11.7   128 ms        2.3 ms
3.12.1   173 ms        2.1 ms
3.13.0   144 ms        2.5 ms
3.14.8   106 ms        1.9 ms
=======  ============  ===========

CPython 3.14.0 to 3.14.4 collect in increments of 50 ms and more with 600,000 objects (3.14.2). This module has no
effect there; 3.14.5 returned to generations.
"""

from __future__ import annotations

import gc
from typing import Literal

_OLDEST = 2
_THRESHOLDS = (500, 4, 1)
"""New objects before a collection of the first generation, and collections of each generation before the next one. A
full collection then comes after some five thousand new objects and takes a few milliseconds. The defaults differ by
version: 3.11 and 3.12 collect the first generation after 700 new objects, 3.13 and 3.14 after 2,000."""

_MANY = 4_000
"""Objects left by a full collection from which they are frozen: so many belong to groups. Fewer may belong to requests
in flight and are visited again."""


def freeze_existing() -> None:
    """Exclude all existing objects from further collections."""
    gc.collect()
    gc.freeze()


def freeze_survivors() -> None:
    """Exclude the objects that a full collection leaves from further collections, if they are many.

    For a process whose requests create no reference cycles: frozen objects that refer to each other are never freed.
    """
    gc.set_threshold(*_THRESHOLDS)
    gc.callbacks.append(_freeze)


def _freeze(phase: Literal["start", "stop"], info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == _OLDEST and len(gc.get_objects(_OLDEST)) >= _MANY:
        gc.freeze()
