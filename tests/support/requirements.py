"""Programs that a test needs and that this machine may lack."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

import pytest

from tests.support.programs import binaries

_Needed = TypeVar("_Needed")


def require(find: Callable[[], _Needed]) -> _Needed:
    """The result of `find`; if it is not available, the test is skipped, which fails on CI."""
    try:
        return find()
    except binaries.MissingToolError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
