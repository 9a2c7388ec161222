"""What a test needs and a machine may lack."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

import pytest

from tests.cluster import binaries

_Needed = TypeVar("_Needed")


def found(find: Callable[[], _Needed]) -> _Needed:
    """What this finds; where it cannot be had the test is skipped, and fails on CI."""
    try:
        return find()
    except binaries.MissingToolError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
