"""``PUT``, ``POST`` and ``DELETE`` of a group."""

from __future__ import annotations

import asyncio
import email.message
import logging
import time
from collections.abc import Callable, Mapping

from aiohttp import hdrs, web

from tidegate import settings
from tidegate.exposition import size_estimate
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.text import parser, repeated_bodies
from tidegate.gateway.http import connections, responses
from tidegate.gateway.metrics import own_metrics
from tidegate.gateway.push import group_deletion, push_bodies, push_paths
from tidegate.model import durations, errors, families, grouping
from tidegate.store import interface

_logger = logging.getLogger(__name__)

_MAX_LARGE_PARSES = 2
"""Large bodies that are parsed at the same time. Each takes many times its size in memory, and more are not faster."""

_MAX_SHOWN_PATH = 400
"""Characters of the longest path that a message contains."""

TTL, TTL_HEADER = "ttl", "Tidegate-TTL"


class PushHandler:
    """Handles ``/metrics/job/<job>{/<label>/<value>}``.

    :param prefix: the prefix of all paths.
    :param on_ttl_set: called after a push with a TTL.
    """

    def __init__(
        self,
        store: interface.Store,
        metrics: own_metrics.GatewayMetrics,
        *,
        push_settings: settings.PushSettings,
        limit_settings: settings.LimitSettings,
        bodies: push_bodies.BodyReader,
        prefix: str,
        on_ttl_set: Callable[[], None],
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._limits = limit_settings
        self._bodies = bodies
        self._parse_slots = asyncio.Semaphore(_MAX_LARGE_PARSES)
        self._on_ttl_set = on_ttl_set
        self._prefix = prefix
        # The empty part before the first slash, the prefix, and "metrics".
        self._parts_before_key = prefix.count("/") + 2
        self._utf8_names = push_settings.enable_utf8_names
        self._success_status = success_status(push_settings)

    async def put(self, request: web.BaseRequest) -> web.StreamResponse:
        """Replace a group."""
        return await self._push(request, replace=True)

    async def post(self, request: web.BaseRequest) -> web.StreamResponse:
        """Replace the families of a group that the push contains."""
        return await self._push(request, replace=False)

    async def delete(self, request: web.BaseRequest) -> web.StreamResponse:
        """Delete a group. The status is 202 even if it does not exist, as in Pushgateway."""
        await group_deletion.delete(self._store, [self._key(request)], metrics=self._metrics)
        return responses.empty(202)

    async def _push(self, request: web.BaseRequest, *, replace: bool) -> web.StreamResponse:
        key = self._key(request)
        ttl = _ttl(request)
        self._bodies.begin()
        try:
            began, body = time.perf_counter(), self._bodies.read_buffered(request)
            if body is not None:
                await self._store_body(key, request, body, replace=replace, ttl=ttl)
            else:
                async with self._bodies.read(request) as body:
                    began = time.perf_counter()
                    await self._store_body(key, request, body, replace=replace, ttl=ttl)
        except errors.BadExpositionError:
            self._metrics.pushes_unparsable.inc()
            raise
        except errors.InconsistentPushError as error:
            self._metrics.pushes_inconsistent.inc()
            reason = f"{error}{self._deletion_hint(error.group)}"
            _logger.error("rejected a push to group %s from %s: %s", grouping.brief(key), request.remote, reason)
            raise errors.BadRequestError(
                f"pushed metrics are invalid or inconsistent with existing metrics: {reason}"
            ) from error
        finally:
            self._bodies.end()
        if ttl is not None:
            self._on_ttl_set()
        self._metrics.pushes_accepted.inc()
        self._metrics.push_duration.observe(time.perf_counter() - began)
        return responses.empty(self._success_status)

    def _deletion_hint(self, clashing: grouping.GroupingKey | None) -> str:
        """The end of an error message: how to delete the group that a push conflicts with. Empty for ``None``."""
        if clashing is None:
            return ""
        path = f"{self._prefix}/metrics/{push_paths.path(clashing)}"
        return f"; or delete that group: DELETE {path}" if len(path) <= _MAX_SHOWN_PATH else "; or delete that group"

    def _key(self, request: web.BaseRequest) -> grouping.GroupingKey:
        parts = request.rel_url.raw_path.split("/", self._parts_before_key)
        return push_paths.grouping_key(parts[-1], utf8_names=self._utf8_names)

    async def _store_body(
        self, key: grouping.GroupingKey, request: web.BaseRequest, body: bytes, *, replace: bool, ttl: float | None
    ) -> None:
        parse, split_body = self._parse_text, None
        if _is_protobuf(request.headers.get(hdrs.CONTENT_TYPE, "")):
            parse = self._parse_protobuf
        elif len(body) < push_bodies.LARGE:
            split_body = repeated_bodies.split(body)
        pusher = connections.of(request).address
        if split_body is not None and await self._store.repeat(
            key, split_body, replace=replace, ttl=ttl, pusher=pusher
        ):
            return
        if len(body) < push_bodies.LARGE:
            pushed = parse(body)
        else:
            async with self._parse_slots:
                pushed = await asyncio.to_thread(parse, body)
        await self._store.push(key, pushed, replace=replace, ttl=ttl, split_body=split_body, pusher=pusher)

    def _parse_text(self, body: bytes) -> Mapping[str, families.Family]:
        size_estimate.check_text(body, limit_settings=self._limits)
        return parser.parse(body, utf8_names=self._utf8_names)

    def _parse_protobuf(self, body: bytes) -> Mapping[str, families.Family]:
        size_estimate.check_protobuf(body, limit_settings=self._limits)
        return decoder.parse(body, utf8_names=self._utf8_names)


def success_status(push_settings: settings.PushSettings) -> int:
    """The status code of the response to an accepted push."""
    return 202 if push_settings.disable_consistency_check else 200


def _ttl(request: web.BaseRequest) -> float | None:
    """The TTL of the push in seconds; ``None`` if it sets none.

    :raises errors.BadRequestError: the TTL is invalid, or set several times with different values.
    """
    if TTL_HEADER not in request.headers and not request.rel_url.raw_query_string:
        return None
    values = {*request.query.getall(TTL, ()), *request.headers.getall(TTL_HEADER, ())}
    if not values:
        return None
    if len(values) > 1:
        raise errors.BadRequestError(f"the push sets several TTLs: {', '.join(sorted(values))}; send one")
    try:
        seconds = durations.parse(values.pop())
    except ValueError as error:
        raise errors.BadRequestError(f"invalid TTL: {error}") from error
    if not seconds:
        raise errors.BadRequestError("the TTL is 0: delete the group instead")
    return seconds


def _is_protobuf(content_type: str) -> bool:
    """Whether this is the type of delimited protobuf families. Any other type is read as text, as in Pushgateway."""
    if "protobuf" not in content_type.lower() or not content_type.isascii():
        return False
    header = email.message.Message()
    header["content-type"] = content_type
    return (
        header.get_content_type() == "application/vnd.google.protobuf"
        and header.get_param("proto") == "io.prometheus.client.MetricFamily"
        and header.get_param("encoding") == "delimited"
    )
