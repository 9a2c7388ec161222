"""What the gateway uses of aiohttp beyond what it promises. Before the pin in pyproject.toml is moved all of it must be
there, and mean the same."""

from __future__ import annotations

import ast
import inspect
from typing import NamedTuple

import aiohttp
import attr
import pytest
from aiohttp import http_parser, web, web_protocol

from tidegate.gateway.http import connections, listeners, request_handler


class _Relied(NamedTuple):
    owner: type
    name: str
    why: str


_HANDLER = web.RequestHandler
_RELIED = [
    _Relied(_HANDLER, "_loop", "the time at which a head began, and the moment before a last word is cut"),
    _Relied(_HANDLER, "_manager", "None: a connection that is turned away is none of the server's"),
    _Relied(
        _HANDLER, "_messages", "the requests that wait for their turn: to mark the last one, to refuse a large head"
    ),
    _Relied(_HANDLER, "_parser", "where the parser is that reads one request at a time"),
    _Relied(_HANDLER, "_request_count", "whether bytes completed a head"),
    _Relied(_HANDLER, "_waiter", "None while a request is under way"),
    _Relied(_HANDLER, "_task_handler", "to end the task of a connection that is turned away"),
    _Relied(_HANDLER, "_close", "whether the answer under way is the last one"),
    _Relied(_HANDLER, "_force_close", "to have nothing more read or answered"),
    _Relied(_HANDLER, "_current_request", "whether an answer has begun when its client sends nothing more"),
    _Relied(web.BaseRequest, "_prepare_hook", "to add headers to every answer just before it is sent"),
    _Relied(web.SockSite, "_runner", "the server of a site"),
    _Relied(web.SockSite, "_sock", "the socket of a site"),
    _Relied(web.SockSite, "_ssl_context", "whether a site speaks TLS, and how long a handshake may take then"),
    _Relied(web.SockSite, "_backlog", "connections that wait to be taken"),
    _Relied(web.SockSite, "_server", "what a site closes when it stops"),
    _Relied(http_parser.HttpRequestParser, "feed_data", "requests, and what is left, of some bytes"),
    _Relied(http_parser.HttpRequestParser, "message_consumed", "passed on: a request is being answered"),
    _Relied(http_parser.HttpRequestParser, "pause_reading", "passed on: take no more of a body"),
    _Relied(http_parser.HttpRequestParser, "set_upgraded", "no connection is ever upgraded"),
    _Relied(
        http_parser.RawRequestMessage, "_replace", "to mark a request as its connection's last, and to set its URL"
    ),
    _Relied(aiohttp.StreamReader, "total_bytes", "where a request ends among the bytes that came"),
    _Relied(aiohttp.StreamReader, "set_exception", "to tell a body's reader that it cannot be whole"),
    _Relied(aiohttp.StreamReader, "feed_eof", "to end a body that cannot be whole"),
]
_OURS = {connections.Connection: _HANDLER, request_handler._Request: web.BaseRequest, listeners._Site: web.SockSite}


@pytest.mark.parametrize("relied", _RELIED, ids=lambda relied: f"{relied.owner.__name__}.{relied.name}")
def test_what_is_relied_on_is_there(relied: _Relied) -> None:
    assert hasattr(relied.owner, relied.name), (
        f"aiohttp {aiohttp.__version__} has no {relied.owner.__name__}.{relied.name}, which the gateway needs "
        f"({relied.why}): find out what takes its place before the pin in pyproject.toml is moved"
    )


def test_an_error_in_place_of_a_request_has_the_fields_that_are_set() -> None:
    assert [field.name for field in attr.fields(web_protocol._ErrInfo)] == ["status", "exc", "message"]


@pytest.mark.parametrize("ours", _OURS, ids=lambda ours: ours.__name__)
def test_nothing_else_is_relied_on(ours: type) -> None:
    theirs = _OURS[ours]
    used = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(ours)))
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
    }
    defined = {
        node.name for node in ast.walk(ast.parse(inspect.getsource(ours))) if isinstance(node, ast.AsyncFunctionDef)
    }
    private = {name for name in used | defined if name.startswith("_") and hasattr(theirs, name)}
    assert private == {relied.name for relied in _RELIED if relied.owner is theirs}
