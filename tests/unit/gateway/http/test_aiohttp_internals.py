"""Internals of aiohttp that the gateway uses.

Before you move the pin in pyproject.toml, check that all of them exist with the same meaning.
"""

from __future__ import annotations

import ast
import inspect
from typing import NamedTuple

import aiohttp
import attr
import pytest
from aiohttp import http_parser, web, web_protocol

from tidegate.gateway.http import connections, listeners, request_handler


class _Internal(NamedTuple):
    owner: type
    name: str
    why: str


_HANDLER = web.RequestHandler
_INTERNALS = [
    _Internal(_HANDLER, "_loop", "the start time of a head, and the time before a final response is cut off"),
    _Internal(_HANDLER, "_manager", "None: the server does not own a rejected connection"),
    _Internal(_HANDLER, "_messages", "the queued requests: to mark the last one, to reject a large head"),
    _Internal(_HANDLER, "_parser", "to replace it by the parser that reads one request at a time"),
    _Internal(_HANDLER, "_request_count", "whether bytes completed a head"),
    _Internal(_HANDLER, "_waiter", "None while a request is handled"),
    _Internal(_HANDLER, "_task_handler", "to end the task of a rejected connection"),
    _Internal(_HANDLER, "_close", "whether the current response is the last one"),
    _Internal(_HANDLER, "_force_close", "to stop reading requests and sending responses"),
    _Internal(_HANDLER, "_current_request", "whether a response has begun when its client stops sending"),
    _Internal(web.BaseRequest, "_prepare_hook", "to add headers to every response before it is sent"),
    _Internal(web.SockSite, "_runner", "the server of a site"),
    _Internal(web.SockSite, "_sock", "the socket of a site"),
    _Internal(web.SockSite, "_ssl_context", "whether a site uses TLS, and the timeout of its handshakes"),
    _Internal(web.SockSite, "_backlog", "the number of connections waiting to be accepted"),
    _Internal(web.SockSite, "_server", "the server that a site closes when it stops"),
    _Internal(http_parser.HttpRequestParser, "feed_data", "the requests in some bytes, and the remaining bytes"),
    _Internal(http_parser.HttpRequestParser, "message_consumed", "passed on: a request is being handled"),
    _Internal(http_parser.HttpRequestParser, "pause_reading", "passed on: stop reading a body"),
    _Internal(http_parser.HttpRequestParser, "set_upgraded", "no connection is ever upgraded"),
    _Internal(
        http_parser.RawRequestMessage, "_replace", "to mark a request as its connection's last, and to set its URL"
    ),
    _Internal(aiohttp.StreamReader, "total_bytes", "where a request ends in the received bytes"),
    _Internal(aiohttp.StreamReader, "set_exception", "to report an incomplete body to its reader"),
    _Internal(aiohttp.StreamReader, "feed_eof", "to end an incomplete body"),
]
_BASES = {connections.Connection: _HANDLER, request_handler._Request: web.BaseRequest, listeners._Site: web.SockSite}


@pytest.mark.parametrize("internal", _INTERNALS, ids=lambda internal: f"{internal.owner.__name__}.{internal.name}")
def test_aiohttp_has_the_internals_that_the_gateway_uses(internal: _Internal) -> None:
    assert hasattr(internal.owner, internal.name), (
        f"aiohttp {aiohttp.__version__} has no {internal.owner.__name__}.{internal.name}, which the gateway needs "
        f"({internal.why}): find its replacement before the pin in pyproject.toml is moved"
    )


def test_error_in_place_of_a_request_has_the_fields_that_the_gateway_sets() -> None:
    assert [field.name for field in attr.fields(web_protocol._ErrInfo)] == ["status", "exc", "message"]


@pytest.mark.parametrize("subclass", _BASES, ids=lambda subclass: subclass.__name__)
def test_subclasses_use_only_the_listed_internals(subclass: type) -> None:
    base = _BASES[subclass]
    used = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(subclass)))
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
    }
    defined = {
        node.name for node in ast.walk(ast.parse(inspect.getsource(subclass))) if isinstance(node, ast.AsyncFunctionDef)
    }
    private = {name for name in used | defined if name.startswith("_") and hasattr(base, name)}
    assert private == {internal.name for internal in _INTERNALS if internal.owner is base}
