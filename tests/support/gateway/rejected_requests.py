"""Requests that a server rejects."""

from __future__ import annotations

import contextlib
import urllib.error
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def expected(status: int | None = None) -> Iterator[None]:
    """Expect ``urllib`` to raise this status code, or any; and close the response, which the exception keeps open."""
    with pytest.raises(urllib.error.HTTPError) as raised:
        yield
    with raised.value as error:
        assert status in (None, error.code)
