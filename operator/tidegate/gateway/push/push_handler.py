"""PUT, POST and DELETE of a group."""

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
from tidegate.exposition.text import body_templates, parser
from tidegate.gateway.http import connections, responses
from tidegate.gateway.metrics import own_metrics
from tidegate.gateway.push import group_deletion, push_bodies, push_paths
from tidegate.model import durations, errors, families, grouping
from tidegate.store import interface

_logger = logging.getLogger(__name__)

_LARGE_AT_ONCE = 2
"""So many large bodies are parsed at once: each takes many times its bytes, and more would not be faster."""

_LONGEST_PATH = 400
"""Characters of a path in a message."""

TTL, TTL_HEADER = "ttl", "Tidegate-TTL"


class GroupEndpoint:
    """``/metrics/job/<job>{/<label>/<value>}``, below the ``prefix``.

    :param on_expiry: called when a group has got a time at which it expires.
    """

    def __init__(
        self,
        store: interface.Store,
        metrics: own_metrics.GatewayMetrics,
        *,
        chosen: settings.PushSettings,
        limits: settings.LimitSettings,
        intake: push_bodies.Intake,
        prefix: str,
        on_expiry: Callable[[], None],
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._limits = limits
        self._intake = intake
        self._parsing = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._on_expiry = on_expiry
        self._prefix = prefix
        # The prefix, "metrics", and what is before the first slash: nothing.
        self._parts_before_key = prefix.count("/") + 2
        self._utf8_names = chosen.enable_utf8_names
        self._accepted = accepted(chosen)

    async def put(self, request: web.BaseRequest) -> web.StreamResponse:
        """Replace all of a group."""
        return await self._push(request, replace=True)

    async def post(self, request: web.BaseRequest) -> web.StreamResponse:
        """Replace the families of a group that the push has too."""
        return await self._push(request, replace=False)

    async def delete(self, request: web.BaseRequest) -> web.StreamResponse:
        """Delete a group. 202 whether there was one or not, as in Pushgateway."""
        await group_deletion.remove(self._store, [self._key(request)], metrics=self._metrics)
        return responses.nothing(202)

    async def _push(self, request: web.BaseRequest, *, replace: bool) -> web.StreamResponse:
        key = self._key(request)
        ttl = _ttl(request)
        self._intake.begin()
        try:
            began, body = time.perf_counter(), self._intake.at_once(request)
            if body is not None:
                await self._store_body(key, request, body, replace=replace, ttl=ttl)
            else:
                async with self._intake.body(request) as body:
                    began = time.perf_counter()
                    await self._store_body(key, request, body, replace=replace, ttl=ttl)
        except errors.BadExpositionError:
            self._metrics.pushes_unparsable.inc()
            raise
        except errors.InconsistentPushError as error:
            self._metrics.pushes_inconsistent.inc()
            reason = f"{error}{self._way_out(error.group)}"
            _logger.error("rejected a push to group %s from %s: %s", grouping.brief(key), request.remote, reason)
            raise errors.BadRequestError(
                f"pushed metrics are invalid or inconsistent with existing metrics: {reason}"
            ) from error
        finally:
            self._intake.end()
        if ttl is not None:
            self._on_expiry()
        self._metrics.pushes_accepted.inc()
        self._metrics.push_duration.observe(time.perf_counter() - began)
        return responses.nothing(self._accepted)

    def _way_out(self, clashing: grouping.GroupingKey | None) -> str:
        """How to delete the group that a push clashes with, where that helps."""
        if clashing is None:
            return ""
        path = f"{self._prefix}/metrics/{push_paths.path(clashing)}"
        return f"; or delete that group: DELETE {path}" if len(path) <= _LONGEST_PATH else "; or delete that group"

    def _key(self, request: web.BaseRequest) -> grouping.GroupingKey:
        parts = request.rel_url.raw_path.split("/", self._parts_before_key)
        return push_paths.grouping_key(parts[-1], utf8_names=self._utf8_names)

    async def _store_body(
        self, key: grouping.GroupingKey, request: web.BaseRequest, body: bytes, *, replace: bool, ttl: float | None
    ) -> None:
        read, spelling = self._read_text, None
        if _is_protobuf(request.headers.get(hdrs.CONTENT_TYPE, "")):
            read = self._read_protobuf
        elif len(body) < push_bodies.LARGE:
            spelling = body_templates.spell(body)
        pusher = connections.of(request).address
        if spelling is not None and await self._store.repeat(key, spelling, replace=replace, ttl=ttl, pusher=pusher):
            return
        if len(body) < push_bodies.LARGE:
            pushed = read(body)
        else:
            async with self._parsing:
                pushed = await asyncio.to_thread(read, body)
        await self._store.push(key, pushed, replace=replace, ttl=ttl, spelling=spelling, pusher=pusher)

    def _read_text(self, body: bytes) -> Mapping[str, families.Family]:
        size_estimate.check_text(body, chosen=self._limits)
        return parser.parse(body, utf8_names=self._utf8_names)

    def _read_protobuf(self, body: bytes) -> Mapping[str, families.Family]:
        size_estimate.check_protobuf(body, chosen=self._limits)
        return decoder.parse(body, utf8_names=self._utf8_names)


def accepted(chosen: settings.PushSettings) -> int:
    """The status of the answer to a push that was taken."""
    return 202 if chosen.disable_consistency_check else 200


def _ttl(request: web.BaseRequest) -> float | None:
    """Seconds that the group may live without a further push, where the push says so."""
    if TTL_HEADER not in request.headers and not request.rel_url.raw_query_string:
        return None
    said = {*request.query.getall(TTL, ()), *request.headers.getall(TTL_HEADER, ())}
    if not said:
        return None
    if len(said) > 1:
        raise errors.BadRequestError(f"the push says several times to live: {', '.join(sorted(said))}")
    try:
        seconds = durations.parse(said.pop())
    except ValueError as error:
        raise errors.BadRequestError(f"the time to live cannot be used: {error}") from error
    if not seconds:
        raise errors.BadRequestError("the time to live is 0: delete the group instead")
    return seconds


def _is_protobuf(content_type: str) -> bool:
    """Whether this says delimited families in protobuf; whatever says anything else is read as text, as there."""
    if "protobuf" not in content_type.lower() or not content_type.isascii():
        return False
    header = email.message.Message()
    header["content-type"] = content_type
    return (
        header.get_content_type() == "application/vnd.google.protobuf"
        and header.get_param("proto") == "io.prometheus.client.MetricFamily"
        and header.get_param("encoding") == "delimited"
    )
