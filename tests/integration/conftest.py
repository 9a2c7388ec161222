"""Tests that share an expensive fixture run in one worker of pytest-xdist, which makes the fixture once."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from xdist import remote

from tests.support import scheduling

_FOLDERS = frozenset({"clients", "web"})
"""The folders whose tests all share a fixture: one gateway, one Chromium."""

_PAIR = re.compile(r"/differential/test_(?:comparisons|format_negotiation|generated_\w+|protobuf_scrapes)\.py::")
_VERSION = re.compile(r"\[(\w+)(?=[-\]])")
_UTF8_NAMES = "utf8_names"


def _group(nodeid: str) -> str:
    """The module, or one name for all tests that share a fixture."""
    module = scheduling.module(nodeid)
    folder = PurePosixPath(module).parent.name
    if folder in _FOLDERS:
        return folder
    if _PAIR.search(nodeid):
        version = _VERSION.search(nodeid)
        return _UTF8_NAMES if _UTF8_NAMES in nodeid or version is None else version[1]
    return module


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: remote.Producer) -> scheduling.GroupScheduling:
    """Use the scheduler in every run of this folder with ``--numprocesses``."""
    return scheduling.GroupScheduling(config, log, group=_group)
