"""Garbage collection examines new objects only. The tests run in a subprocess, because the change is permanent."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

_GROWING = """
import gc
from tidegate.system import garbage_collection

seen = []
def note(phase, info):
    # Before the survivors are frozen.
    if phase == "start" and info["generation"] == 2:
        seen.append(sum(len(gc.get_objects(generation)) for generation in range(3)))

gc.callbacks.append(note)
garbage_collection.freeze_existing()
{how}
seen.clear()
kept = [[] for _ in range({objects})]
print(len(seen), max(seen, default=0))
"""

_LOST = """
import gc, weakref
from tidegate.system import garbage_collection

class Held:
    pass

garbage_collection.freeze_existing()
garbage_collection.freeze_survivors()
first = Held()
first.itself = first
end = weakref.ref(first)
gc.collect()
del first
gc.collect()
print(end() is None)
"""

_OBJECTS = 400_000
"""Enough for a full collection by default: after 85,000 new objects on CPython 3.11 and 3.12, 242,000 on later ones."""

_WITH_GENERATIONS = pytest.mark.skipif(
    gc.get_threshold()[2] == 0, reason="CPython 3.14.0 to 3.14.4 collect in increments and have no generations"
)


def _run(program: str) -> str:
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return ran.stdout.strip()


@_WITH_GENERATIONS
def test_full_collection_examines_new_objects_only() -> None:
    times, most = map(int, _run(_GROWING.format(how="garbage_collection.freeze_survivors()", objects=_OBJECTS)).split())
    assert times > 5
    assert most < 15_000


@_WITH_GENERATIONS
def test_without_freezing_a_full_collection_examines_all_objects() -> None:
    _, most = map(int, _run(_GROWING.format(how="", objects=_OBJECTS)).split())
    assert most > 15_000


@_WITH_GENERATIONS
def test_reference_cycle_is_freed_later() -> None:
    assert _run(_LOST) == "True"
