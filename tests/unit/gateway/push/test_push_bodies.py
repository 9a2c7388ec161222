"""The body timeout of a push starts again with every MiB that arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import base_protocol, streams, test_utils

from tests.support import waiting
from tidegate import settings
from tidegate.gateway.push import push_bodies
from tidegate.model import errors, limits

_TIMEOUT = 60.0
_MEBIBYTE = b"\n" * 2**20


class _SlowPush:
    """A push whose body arrives in parts, and the reader that waits for it."""

    def __init__(self) -> None:
        self._reader = push_bodies.BodyReader(settings.LimitSettings(body_timeout=_TIMEOUT))
        loop = asyncio.get_running_loop()
        protocol = base_protocol.BaseProtocol(loop)
        protocol.connection_made(asyncio.Transport())
        self._content = streams.StreamReader(protocol, len(_MEBIBYTE), loop=loop)
        self.body = asyncio.create_task(self._read())

    async def _read(self) -> int:
        headers = {"Transfer-Encoding": "chunked"}
        request = test_utils.make_mocked_request("PUT", "/metrics/job/x", headers=headers, payload=self._content)
        async with self._reader.read(request) as body:
            return len(body)

    async def arrives(self, part: bytes) -> None:
        """Let a part of the body arrive, and wait until it is read."""
        self._content.feed_data(part)

        async def is_read() -> bool:
            return not self._content._buffer

        await waiting.eventually_async(is_read, why="the part to be read", interval=0.0)

    def ends(self) -> None:
        self._content.feed_eof()

    async def check(self, *, now: float) -> None:
        self._reader.check_timeouts(now=now)
        await asyncio.sleep(0)


@pytest.fixture
async def slow_push() -> AsyncIterator[_SlowPush]:
    push = _SlowPush()
    yield push
    push.body.cancel()
    await asyncio.gather(push.body, return_exceptions=True)


async def test_large_body_may_take_longer_than_the_timeout_of_a_small_one(slow_push: _SlowPush) -> None:
    for number in range(4):
        await slow_push.arrives(_MEBIBYTE)
        await slow_push.check(now=1_000.0 + number * 0.9 * _TIMEOUT)
    slow_push.ends()
    assert await slow_push.body == 4 * len(_MEBIBYTE)


async def test_body_without_a_mebibyte_within_the_timeout_is_rejected(slow_push: _SlowPush) -> None:
    await slow_push.arrives(_MEBIBYTE)
    await slow_push.check(now=1_000.0)
    await slow_push.arrives(_MEBIBYTE[1:])
    await slow_push.check(now=1_000.0 + _TIMEOUT - 0.1)
    assert not slow_push.body.done()
    await slow_push.check(now=1_000.0 + _TIMEOUT)
    with pytest.raises(errors.LimitError) as caught:
        await slow_push.body
    assert caught.value.limit is limits.Limit.BODY_TIMEOUT
