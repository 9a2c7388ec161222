"""The log of the HTTP server never has bytes that clients sent."""

from __future__ import annotations

import logging

import pytest
from aiohttp import http_exceptions

from tidegate.gateway.http import aiohttp_log

_LOGGER = aiohttp_log.RedactingLogger(logging.getLogger("tests.aiohttp_log"))


def test_malformed_request_is_logged_at_debug_without_its_bytes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    error = http_exceptions.InvalidHeader(b"Authorization Basic c2VjcmV0")
    _LOGGER.exception("Error handling request from 192.0.2.7", exc_info=error)
    [record] = caplog.records
    assert (record.levelname, record.exc_info) == ("DEBUG", None)
    assert record.getMessage() == "Error handling request from 192.0.2.7: InvalidHeader"
    assert "c2VjcmV0" not in caplog.text


def test_fault_of_the_gateway_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    _LOGGER.error("Unhandled exception", exc_info=ValueError("a fault"))
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert "ValueError: a fault" in caplog.text
