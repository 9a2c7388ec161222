"""The watch on all kinds of objects, by kopf. It reports changes earlier; correctness depends on resyncs alone.

kopf stops at errors, and may then wait forever for tasks that swallow their cancellation (a request in flight whose
"pause waiter" is cancelled before the request). Its leftovers write to the log. So kopf is isolated: it has its own
thread and event loop, its handlers only hand over events, and when one of its tasks ends, all end within a second. It
writes no finalizer, status or Event. Its requests to the API server go through :mod:`kopf_session`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any

import aiohttp
import kopf

from tidegate import settings
from tidegate.aio import clocks, cross_thread, event_loops
from tidegate.operator.cache import owner_views
from tidegate.operator.kube import credentials, kube_api
from tidegate.operator.objects import owner_kinds
from tidegate.operator.watch import cache_updater, kopf_session, kopf_storage

_logger = logging.getLogger(__name__)

_SERVER_TIMEOUT_SECONDS = 120
"""In whole seconds: the API server rejects fractions."""
_CLIENT_TIMEOUT_SECONDS = 150
"""A watch is restarted after at most this long, so that a dead connection is noticed."""

_IDLE_TIMEOUT_SECONDS = 0.02
"""How long kopf keeps the task of an object, and the whole object with it, after an event.

kopf's default of five seconds keeps a list of ten thousand objects in memory at once. With 0 it takes no event at all.
"""

_TIMEOUT_MARGIN_SECONDS = 5.0
"""By how many seconds kopf's timeout of a request exceeds ours, so that ours applies and is reported."""

_STOP_TIMEOUT_SECONDS = 0.3
"""How long kopf may take to stop by itself before all its tasks are cancelled.

When it stops by itself, it starts its queued coroutines; otherwise it drops them, and Python warns that they were never
awaited.
"""

_CLOSE_SECONDS = 0.1
"""Time for closed transports to finish in their event loop."""

_IDENTITY: Any = "tidegate"  # its type is not public
"""The operator's identity; see findings/kopf-user-without-name.sh."""


def watch(
    stop: cross_thread.Stop,
    *,
    kube_settings: settings.KubernetesSettings,
    kinds: Collection[owner_kinds.Kind],
    on_event: Callable[[cache_updater.ObjectEvent], None],
    on_call: Callable[[kopf_session.ApiCall], None],
) -> None:
    """Watch until ``stop`` is set; blocks. Returns within a second after that.

    :param kinds: the kinds to watch, with their names. A kind that the API server does not serve is skipped.
    :param on_event: called in this thread with each event; must return at once.
    :param on_call: called in this thread with each finished request to the API server; must return at once.
    :raises kube_api.ApiError: a response ended the watch.
    :raises OSError: there are no credentials, or they cannot be read.
    """
    logging.getLogger("kopf").setLevel(logging.CRITICAL)  # Failed requests are reported by `on_call`, and logged once.
    work = _watch(stop, kube_settings=kube_settings, kinds=kinds, on_event=on_event, on_call=on_call)
    event_loops.run(work, on_error=_log_loop_error)


def paths(kube_settings: settings.KubernetesSettings, kinds: Iterable[owner_kinds.Kind]) -> frozenset[str]:
    """The paths of the API server that are watched."""
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
    calls = kopf_session.ApiCallMiddleware(
        login, kube_settings=kube_settings, clock=clocks.SystemClock(), on_call=on_call
    )
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
        # Not kopf.operator: it may wait for its tasks forever (see above).
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
        # The event loop stops now, so nothing would handle an orderly TLS shutdown.
        await connector.close(abort_ssl=True)
        await asyncio.sleep(_CLOSE_SECONDS)


def _end_reason(finished_tasks: Iterable[asyncio.Task[Any]], *, fatal_error: kube_api.ApiError | None) -> Exception:
    """The error that ended kopf.

    :param finished_tasks: its tasks that have ended.
    :param fatal_error: the error of a response that may have ended it.
    """
    match next((error for task in finished_tasks if not task.cancelled() and (error := task.exception())), None):
        case ValueError() | LookupError() | TypeError() as error:
            return kube_api.invalid_response(
                "watch", f"has a line that is not a watch event: {kube_api.one_line(repr(error))}"
            )
        case Exception() if fatal_error is not None:
            return fatal_error
        case Exception() as error:
            # Most likely a watch event of type ERROR; its exception type is not public.
            return kube_api.ApiError(
                f"the API server ended the watch: {kube_api.one_line(str(error))}", reason="server"
            )
        case other:
            return RuntimeError(f"a task of kopf ended with {other!r}")


def _log_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log other errors in kopf's event loop. The supervisor logs why the watch ended."""
    _logger.debug("error in kopf's event loop: %s (%r)", context.get("message"), context.get("exception"))


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
        first=kube_settings.watch_backoff_seconds, limit=kube_settings.watch_backoff_limit_seconds
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
