"""Python's search for garbage looks at new objects alone: tried in a process of its own, which it changes for good."""

from __future__ import annotations

import subprocess
import sys

import pytest

_GROWING = """
import gc
from tidegate.aiokits import garbage

seen = []
def note(phase, info):
    # Before those that stay are spared.
    if phase == "start" and info["generation"] == 2:
        seen.append(sum(len(gc.get_objects(generation)) for generation in range(3)))

gc.callbacks.append(note)
garbage.spare_what_is_there()
{how}
seen.clear()
kept = [[] for _ in range(100_000)]
print(len(seen), max(seen, default=0))
"""

_LOST = """
import gc, weakref
from tidegate.aiokits import garbage

class Held:
    pass

garbage.spare_what_is_there()
garbage.spare_what_stays()
first = Held()
first.itself = first
end = weakref.ref(first)
gc.collect()
del first
gc.collect()
print(end() is None)
"""

_OLD = pytest.mark.skipif(sys.version_info >= (3, 14), reason="collections look at a part at a time by themselves")


def _run(program: str) -> str:
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return ran.stdout.strip()


@_OLD
def test_no_full_collection_looks_at_more_than_came_lately() -> None:
    times, most = map(int, _run(_GROWING.format(how="garbage.spare_what_stays()")).split())
    assert times > 5
    assert most < 15_000


@_OLD
def test_without_it_they_look_at_all_there_is() -> None:
    _, most = map(int, _run(_GROWING.format(how="")).split())
    assert most > 15_000


@_OLD
def test_a_few_objects_that_hold_themselves_are_found_later() -> None:
    assert _run(_LOST) == "True"
