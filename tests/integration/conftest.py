"""Tests that share an expensive fixture run in one worker of pytest-xdist, which makes the fixture once."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from xdist import remote, scheduler

_FOLDERS = frozenset({"clients", "web"})
"""The folders whose tests all share a fixture: one gateway, one Chromium."""

_PAIR = re.compile(r"/differential/test_(?:comparisons|format_negotiation|generated_\w+|protobuf_scrapes)\.py::")
_VERSION = re.compile(r"\[(\w+)(?=[-\]])")
_UTF8_NAMES = "utf8_names"


class _Scheduler(scheduler.LoadScopeScheduling):  # type: ignore[misc] # xdist has no types here
    """Gives one worker all tests of a module, or of more modules that share a fixture.

    xdist's own ``--dist=loadgroup`` has no effect with pytest 9.2, which no longer lets it add a group to a test's id.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        folder = PurePosixPath(module).parent.name
        if folder in _FOLDERS:
            return folder
        if _PAIR.search(nodeid):
            version = _VERSION.search(nodeid)
            return _UTF8_NAMES if _UTF8_NAMES in nodeid or version is None else version[1]
        return module


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: remote.Producer) -> scheduler.LoadScopeScheduling:
    """Use the scheduler in every run of this folder with ``--numprocesses``."""
    return _Scheduler(config, log)
