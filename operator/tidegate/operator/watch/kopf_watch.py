"""The watch on all kinds of objects, by kopf: it only makes us faster, the lists of :mod:`resync_cost` make us right.

kopf ends itself at errors, and then waits without end for tasks that swallow their cancellation (a call in flight
whose "pause waiter" is cancelled before it is). What it leaves behind talks to the log by itself. So all of it is
contained here: it has a thread and an event loop of its own, nothing of ours runs there but handlers that pass on what
they see, and the end of one of its tasks is the end of all, within a second. It writes no finalizer, no status and no
Event. Its calls to the API server are those of :mod:`kopf_session`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any

import aiohttp
import kopf

from tidegate import settings
from tidegate.aio import cross_thread, event_loops
from tidegate.operator.cache import owner_views
from tidegate.operator.kube import credentials, kube_api
from tidegate.operator.objects import owner_kinds
from tidegate.operator.watch import cache_updater, kopf_session, kopf_storage

_logger = logging.getLogger(__name__)

_SERVER_TIMEOUT_SECONDS = 120
"""Whole seconds: the API server refuses a fraction."""
_CLIENT_TIMEOUT_SECONDS = 150
"""A watch is begun anew after at most this long, so that one that died unnoticed does not last."""

_IDLE_TIMEOUT_SECONDS = 0.02
"""How long kopf keeps the task of an object, and with it the whole object, after an event. Its own five seconds are as
long as its list of ten thousand takes, which then are in memory all at once. Not 0: it would never take an event."""

_FIRST_BACKOFF_SECONDS, _BACKOFF_LIMIT_SECONDS = 1.0, 4.0
"""Seconds between tries of one call. The longest bounds how late the watch is after an outage; a try costs the API
server next to nothing."""

_TIMEOUT_MARGIN_SECONDS = 5.0
"""By how many seconds kopf's own limit of a call is above ours, which therefore is the one that is told."""

_STOP_TIMEOUT_SECONDS = 0.3
"""How long kopf may take to end in its own order before everything of it is cancelled at once. In that order it starts
what it has queued; cancelled in any other, it drops coroutines that were never awaited, and Python warns of them."""

_CLOSE_SECONDS = 0.1
"""Transports that were told to close do so in the next rounds of their loop."""

_IDENTITY: Any = "tidegate"  # its type is not public
"""What kopf calls us. Left alone it asks the system for the user's name, and a container's numeric user has none."""


def watch(
    stop: cross_thread.Stop,
    *,
    kube_settings: settings.KubernetesSettings,
    kinds: Collection[owner_kinds.Kind],
    on_event: Callable[[cache_updater.ObjectEvent], None],
    on_call: Callable[[kopf_session.ApiCall], None],
) -> None:
    """Watch until told to stop; blocks, and ends within a second then. Raises what ended it otherwise.

    :param watched: each with its name. One that the API server does not have is passed over.
    :param sink: called in this thread with each object that is seen; must return at once.
    :param tell: likewise, with each call to the API server.
    :raises kubeapi.ApiError: an answer ended it.
    :raises OSError: there are no credentials, or they cannot be read.
    """
    logging.getLogger("kopf").setLevel(logging.CRITICAL)  # What it would log is told of by its calls, once.
    work = _watch(stop, kube_settings=kube_settings, kinds=kinds, on_event=on_event, on_call=on_call)
    event_loops.run(work, on_error=_log_loop_error)


def paths(kube_settings: settings.KubernetesSettings, kinds: Iterable[owner_kinds.Kind]) -> frozenset[str]:
    """Where the API server has what is to be watched."""
    return frozenset(
        f"{kind.api_path}{place}/{kind.plural}"
        for kind in kinds
        for place in kube_api.namespace_paths(kube_settings.namespaces)
    )


async def _watch(
    stop: cross_thread.Stop,
    *,
    kube_settings: settings.KubernetesSettings,
    kinds: Collection[owner_kinds.Kind],
    on_event: Callable[[cache_updater.ObjectEvent], None],
    on_call: Callable[[kopf_session.ApiCall], None],
) -> None:
    login = await credentials.load(kube_settings)
    calls = kopf_session.ApiCallMiddleware(login, timeout_seconds=kube_settings.request_timeout, on_call=on_call)
    connector = aiohttp.TCPConnector(limit=0, ssl=kopf_session.tls_context(login))
    session = aiohttp.ClientSession(connector=connector, connector_owner=False, middlewares=(calls,))
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(_login(kopf.AiohttpSession(server=login.host, aiohttp_session=session)))
    for kind in kinds:
        kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.resource)(
            _handler(kind, on_event)
        )
    tasks: Collection[asyncio.Task[None]] = ()
    try:
        # Not kopf.operator: that one waits for its tasks without end, as said above.
        tasks = await kopf.spawn_tasks(
            registry=registry,
            settings=_settings(kube_settings, kinds),
            identity=_IDENTITY,
            standalone=True,
            clusterwide=not kube_settings.namespaces,
            namespaces=kube_settings.namespaces,
        )
        stop_task = asyncio.create_task(stop.wait(), name="stop")
        done, _ = await asyncio.wait({stop_task, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        if stop_task not in done:
            raise _end_reason(done, fatal_error=calls.fatal_error)
    finally:
        await event_loops.cancel(tasks, seconds=_STOP_TIMEOUT_SECONDS)
        await event_loops.cancel_all()
        await session.close()
        # The loop ends with us: nobody would be there for the other side's goodbye.
        await connector.close(abort_ssl=True)
        await asyncio.sleep(_CLOSE_SECONDS)


def _end_reason(finished_tasks: Iterable[asyncio.Task[Any]], *, fatal_error: kube_api.ApiError | None) -> Exception:
    """What ended kopf, in our words.

    :param ended: those of its tasks that have ended.
    :param refusal: an answer that it may have ended over.
    """
    match next((error for task in finished_tasks if not task.cancelled() and (error := task.exception())), None):
        case ValueError() | LookupError() | TypeError() as error:
            return kube_api.invalid_response(
                "watch", f"has a line that is not an event: {kube_api.one_line(repr(error))}"
            )
        case Exception() if fatal_error is not None:
            return fatal_error
        case Exception() as error:
            # An event of the kind ERROR, most likely; its type is not public.
            return kube_api.ApiError(
                f"the API server ended the watch: {kube_api.one_line(str(error))}", reason="server"
            )
        case other:
            return RuntimeError(f"one of its tasks ended with {other!r}")


def _log_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What of kopf's goes wrong besides. Why the watch ended is told once, by whoever runs it."""
    _logger.debug("in kopf's event loop: %s (%r)", context.get("message"), context.get("exception"))


def _settings(kube_settings: settings.KubernetesSettings, kinds: Collection[owner_kinds.Kind]) -> kopf.OperatorSettings:
    result = kopf.OperatorSettings()
    result.process.ultimate_exiting_timeout = None
    result.posting.enabled = False
    result.posting.loggers = False
    result.scanning.disabled = True
    result.persistence.diffbase_storage = kopf_storage.NullDiffBaseStorage()
    result.persistence.progress_storage = kopf_storage.NullProgressStorage()
    result.queueing.idle_timeout = _IDLE_TIMEOUT_SECONDS
    result.watching.server_timeout = _SERVER_TIMEOUT_SECONDS
    result.watching.client_timeout = _CLIENT_TIMEOUT_SECONDS
    result.watching.connect_timeout = kube_settings.connect_timeout
    result.watching.chunk_size = kube_settings.page_size
    for kind in kinds:
        if kind.field_selector:
            result.watching.field_selectors[kind.group, kind.version, kind.plural] = kind.field_selector
    result.networking.request_timeout = kube_settings.request_timeout + _TIMEOUT_MARGIN_SECONDS
    result.networking.connect_timeout = kube_settings.connect_timeout
    result.networking.error_backoffs = kopf_session.RetryDelays(
        first=_FIRST_BACKOFF_SECONDS, limit=_BACKOFF_LIMIT_SECONDS
    )
    return result


def _login(session: kopf.AiohttpSession) -> Callable[..., Any]:
    async def login(**_kwargs: Any) -> kopf.AiohttpSession:
        return session

    return login


def _handler(kind: owner_kinds.Kind, on_event: Callable[[cache_updater.ObjectEvent], None]) -> Callable[..., Any]:
    async def handler(*, event: Any, **_kwargs: Any) -> None:
        view = owner_views.parse(event["object"], kind=kind)
        if view is not None:
            on_event(cache_updater.ObjectEvent(view, deleted=event["type"] == "DELETED"))

    return handler
