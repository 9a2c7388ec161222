"""Pushing to a gateway, again and again until it has acknowledged."""

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

_FOR_NOW = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
        HTTPStatus.INSUFFICIENT_STORAGE,
    }
)
"""The answers that may be others a moment later."""


class UnacknowledgedError(transports.InquiryError):
    """The time is over. Whether anything has arrived nobody knows; sent again later, it may yet."""


class Push(NamedTuple):
    """A request that has the same effect however often it arrives.

    :param method: ``POST`` replaces families, ``PUT`` the group, ``DELETE`` takes it away.
    """

    method: str
    key: grouping.GroupingKey
    headers: Mapping[str, str]
    body: bytes


def path(key: grouping.GroupingKey) -> str:
    """Where a group is pushed to. A name beyond the plain ones stands there as it is: a gateway that does not take such
    names says so, where Pushgateway's other spelling (``U__…``) would make it another name."""
    ordered = sorted(key, key=lambda pair: pair[0] != "job")
    return "/metrics/" + "/".join(
        group_paths.segments(urllib.parse.quote(name, safe=""), value) for name, value in ordered
    )


async def deliver(
    push: Push,
    door: transports.DirectDoor,
    *,
    chosen: client_settings.DeliverySettings,
    clock: clocks.Clock,
    tell: Callable[[str], None],
) -> None:
    """Send it until it is acknowledged.

    :param tell: is told why it is sent again.
    :raises UnacknowledgedError: it is not, in the time there is.
    :raises doors.InquiryError: it is refused, and would be again.
    """
    backoff = backoffs.Backoff(first=_FIRST_PAUSE, limit=_LONGEST_PAUSE)
    began, tries = clock.monotonic(), 0
    while True:
        tries += 1
        try:
            answer = await _send(push, door, seconds=chosen.try_seconds)
        except transports.UnreachableError as error:
            trouble, wished = str(error), 0.0
        else:
            if transports.is_success(answer):
                return
            refusal = api_calls.refusal(door, push.method, path(push.key), answer)
            if answer.status not in _FOR_NOW:
                raise refusal
            trouble, wished = str(refusal), pause(answer.retry_after, now=clock.wall())
        wait = max(backoff.next(), wished)
        passed = clock.monotonic() - began
        if passed + wait > chosen.retry_seconds:
            asked = f", and it asks for {wished:g}s more" if wished > _LONGEST_PAUSE else ""
            raise UnacknowledgedError(f"{trouble}; given up after {passed:.0f}s, tries: {tries}{asked}")
        tell(f"{trouble}; next try in {wait:.1f}s")
        await clock.sleep(wait)


async def _send(push: Push, door: transports.DirectDoor, *, seconds: float) -> transports.Answer:
    limits = aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, _CONNECT_SECONDS))
    return await door.send(push.method, path(push.key), headers=push.headers, body=push.body, timeout=limits)


def pause(retry_after: str, *, now: float) -> float:
    """Seconds that an answer asks to wait, told as a number or a date; 0 where it does not say.

    :param now: Unix seconds.
    """
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(email.utils.parsedate_to_datetime(retry_after).timestamp() - now, 0.0)
    except ValueError:
        return 0.0
