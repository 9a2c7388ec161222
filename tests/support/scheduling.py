"""Which tests run in the same worker of pytest-xdist, so that the worker makes a fixture that they share only once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from xdist import remote, scheduler


class GroupScheduling(scheduler.LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Gives one worker all tests of a group.

    xdist's own ``--dist=loadgroup`` has no effect with pytest 9.2, which no longer lets it add a group to a test's id.

    :param group: returns the name of a test's group, by the test's id.
    """

    def __init__(self, config: pytest.Config, log: remote.Producer, *, group: Callable[[str], str]) -> None:
        super().__init__(config, log)
        self._group = group

    def _split_scope(self, nodeid: str) -> str:
        return self._group(nodeid)


def module(nodeid: str) -> str:
    """The path of a test's module, by the test's id."""
    return nodeid.partition("::")[0]
