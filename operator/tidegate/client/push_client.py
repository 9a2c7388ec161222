"""Pushes to a gateway, with retries until the gateway acknowledges the push."""

from __future__ import annotations

import email.utils
import urllib.parse
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

import aiohttp

from tidegate import client_settings
from tidegate.aio import backoffs, clocks
from tidegate.client import api_calls, transports
from tidegate.model import group_paths, grouping

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0

_CONNECT_SECONDS = 10.0

_TRANSIENT_STATUSES = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
        HTTPStatus.INSUFFICIENT_STORAGE,
    }
)
"""Status codes after which the push is sent again."""


class UnacknowledgedError(transports.RequestError):
    """No acknowledgement arrived in time. The push may have arrived, and can be sent again."""


class Push(NamedTuple):
    """A request that has the same effect however often it arrives.

    :param method: ``POST`` replaces families, ``PUT`` replaces the group, ``DELETE`` deletes it.
    """

    method: str
    key: grouping.GroupingKey
    headers: Mapping[str, str]
    body: bytes


def path(key: grouping.GroupingKey) -> str:
    """The path to push a group to.

    Names with other characters than letters, digits and ``_`` are not escaped as ``U__…``: a gateway without support
    for UTF-8 names would accept the escaped name as a different name, but rejects this one.
    """
    ordered = sorted(key, key=lambda pair: pair[0] != "job")
    return "/metrics/" + "/".join(
        group_paths.segments(urllib.parse.quote(name, safe=""), value) for name, value in ordered
    )


async def deliver(
    push: Push,
    transport: transports.DirectTransport,
    *,
    delivery_settings: client_settings.DeliverySettings,
    clock: clocks.Clock,
    report: Callable[[str], None],
) -> None:
    """Send a push until the gateway acknowledges it.

    :param report: called with a message before each pause.
    :raises UnacknowledgedError: no acknowledgement arrived within ``retry_seconds``.
    :raises transports.RequestError: the gateway rejected the push; another attempt would fail, too.
    """
    backoff = backoffs.Backoff(first=_FIRST_PAUSE, limit=_LONGEST_PAUSE)
    began, tries = clock.monotonic(), 0
    while True:
        tries += 1
        try:
            response = await _send(push, transport, seconds=delivery_settings.try_seconds)
        except transports.UnreachableError as error:
            problem, requested = str(error), 0.0
        else:
            if transports.is_success(response):
                return
            rejection = api_calls.response_error(transport, push.method, path(push.key), response)
            if response.status not in _TRANSIENT_STATUSES:
                raise rejection
            problem, requested = str(rejection), retry_after_seconds(response.retry_after, now=clock.wall())
        wait = max(backoff.next(), requested)
        passed = clock.monotonic() - began
        if passed + wait > delivery_settings.retry_seconds:
            advice = f"; Retry-After asks for a pause of {requested:g}s" if requested > _LONGEST_PAUSE else ""
            times = "1 try" if tries == 1 else f"{tries} tries"
            raise UnacknowledgedError(f"{problem}; gave up after {passed:.0f}s and {times}{advice}")
        report(f"{problem}; next try in {wait:.1f}s")
        await clock.sleep(wait)


async def _send(push: Push, transport: transports.DirectTransport, *, seconds: float) -> transports.Response:
    limits = aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, _CONNECT_SECONDS))
    return await transport.send(push.method, path(push.key), headers=push.headers, body=push.body, timeout=limits)


def retry_after_seconds(retry_after: str, *, now: float) -> float:
    """The seconds until a ``Retry-After``, which is a number of seconds or a date; 0 if it is empty or invalid.

    :param now: Unix seconds.
    """
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(email.utils.parsedate_to_datetime(retry_after).timestamp() - now, 0.0)
    except ValueError:
        return 0.0
