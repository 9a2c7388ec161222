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
from tidegate.operator.watch import kopf_session, kopf_storage, object_updates

_logger = logging.getLogger(__name__)

_SERVER_SECONDS = 120
"""Whole seconds: the API server refuses a fraction."""
_CLIENT_SECONDS = 150
"""A watch is begun anew after at most this long, so that one that died unnoticed does not last."""

_IDLE_SECONDS = 0.02
"""How long kopf keeps the task of an object, and with it the whole object, after an event. Its own five seconds are as
long as its list of ten thousand takes, which then are in memory all at once. Not 0: it would never take an event."""

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 4.0
"""Seconds between tries of one call. The longest bounds how late the watch is after an outage; a try costs the API
server next to nothing."""

_SLACK = 5.0
"""By how many seconds kopf's own limit of a call is above ours, which therefore is the one that is told."""

_END_SECONDS = 0.3
"""How long kopf may take to end in its own order before everything of it is cancelled at once. In that order it starts
what it has queued; cancelled in any other, it drops coroutines that were never awaited, and Python warns of them."""

_LINGER_SECONDS = 0.1
"""Transports that were told to close do so in the next rounds of their loop."""

_IDENTITY: Any = "tidegate"  # its type is not public
"""What kopf calls us. Left alone it asks the system for the user's name, and a container's numeric user has none."""


def watch(
    told_to_stop: cross_thread.Stop,
    *,
    chosen: settings.KubernetesSettings,
    watched: Collection[owner_kinds.Kind],
    sink: Callable[[object_updates.Sighting], None],
    tell: Callable[[kopf_session.Call], None],
) -> None:
    """Watch until told to stop; blocks, and ends within a second then. Raises what ended it otherwise.

    :param watched: each with its name. One that the API server does not have is passed over.
    :param sink: called in this thread with each object that is seen; must return at once.
    :param tell: likewise, with each call to the API server.
    :raises kubeapi.ApiError: an answer ended it.
    :raises OSError: there are no credentials, or they cannot be read.
    """
    logging.getLogger("kopf").setLevel(logging.CRITICAL)  # What it would log is told of by its calls, once.
    work = _watch(told_to_stop, chosen=chosen, watched=watched, sink=sink, tell=tell)
    event_loops.run(work, on_error=_keep_quiet)


def paths(chosen: settings.KubernetesSettings, watched: Iterable[owner_kinds.Kind]) -> frozenset[str]:
    """Where the API server has what is to be watched."""
    return frozenset(
        f"{kind.root}{place}/{kind.plural}" for kind in watched for place in kube_api.places(chosen.namespaces)
    )


async def _watch(
    told_to_stop: cross_thread.Stop,
    *,
    chosen: settings.KubernetesSettings,
    watched: Collection[owner_kinds.Kind],
    sink: Callable[[object_updates.Sighting], None],
    tell: Callable[[kopf_session.Call], None],
) -> None:
    login = await credentials.load(chosen)
    calls = kopf_session.Calls(login, limit=chosen.request_timeout, tell=tell)
    connector = aiohttp.TCPConnector(limit=0, ssl=kopf_session.tls(login))
    session = aiohttp.ClientSession(connector=connector, connector_owner=False, middlewares=(calls,))
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(_login(kopf.AiohttpSession(server=login.host, aiohttp_session=session)))
    for kind in watched:
        kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.resource)(_handler(kind, sink))
    tasks: Collection[asyncio.Task[None]] = ()
    try:
        # Not kopf.operator: that one waits for its tasks without end, as said above.
        tasks = await kopf.spawn_tasks(
            registry=registry,
            settings=_settings(chosen, watched),
            identity=_IDENTITY,
            standalone=True,
            clusterwide=not chosen.namespaces,
            namespaces=chosen.namespaces,
        )
        stop = asyncio.create_task(told_to_stop.wait(), name="stop")
        done, _ = await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        if stop not in done:
            raise _why(done, refusal=calls.refusal)
    finally:
        await event_loops.cancel(tasks, seconds=_END_SECONDS)
        await event_loops.cancel_all()
        await session.close()
        # The loop ends with us: nobody would be there for the other side's goodbye.
        await connector.close(abort_ssl=True)
        await asyncio.sleep(_LINGER_SECONDS)


def _why(ended: Iterable[asyncio.Task[Any]], *, refusal: kube_api.ApiError | None) -> Exception:
    """What ended kopf, in our words.

    :param ended: those of its tasks that have ended.
    :param refusal: an answer that it may have ended over.
    """
    match next((error for task in ended if not task.cancelled() and (error := task.exception())), None):
        case ValueError() | LookupError() | TypeError() as error:
            return kube_api.garbled("watch", f"has a line that is not an event: {kube_api.one_line(repr(error))}")
        case Exception() if refusal is not None:
            return refusal
        case Exception() as error:
            # An event of the kind ERROR, most likely; its type is not public.
            return kube_api.ApiError(
                f"the API server ended the watch: {kube_api.one_line(str(error))}", reason="server"
            )
        case other:
            return RuntimeError(f"one of its tasks ended with {other!r}")


def _keep_quiet(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What of kopf's goes wrong besides. Why the watch ended is told once, by whoever runs it."""
    _logger.debug("in kopf's event loop: %s (%r)", context.get("message"), context.get("exception"))


def _settings(chosen: settings.KubernetesSettings, watched: Collection[owner_kinds.Kind]) -> kopf.OperatorSettings:
    made = kopf.OperatorSettings()
    made.process.ultimate_exiting_timeout = None
    made.posting.enabled = False
    made.posting.loggers = False
    made.scanning.disabled = True
    made.persistence.diffbase_storage = kopf_storage.NoEssence()
    made.persistence.progress_storage = kopf_storage.NoProgress()
    made.queueing.idle_timeout = _IDLE_SECONDS
    made.watching.server_timeout = _SERVER_SECONDS
    made.watching.client_timeout = _CLIENT_SECONDS
    made.watching.connect_timeout = chosen.connect_timeout
    made.watching.chunk_size = chosen.page_size
    for kind in watched:
        if kind.fields:
            made.watching.field_selectors[kind.group, kind.version, kind.plural] = kind.fields
    made.networking.request_timeout = chosen.request_timeout + _SLACK
    made.networking.connect_timeout = chosen.connect_timeout
    made.networking.error_backoffs = kopf_session.Pauses(first=_FIRST_PAUSE, limit=_LONGEST_PAUSE)
    return made


def _login(session: kopf.AiohttpSession) -> Callable[..., Any]:
    async def login(**_kwargs: Any) -> kopf.AiohttpSession:
        return session

    return login


def _handler(kind: owner_kinds.Kind, sink: Callable[[object_updates.Sighting], None]) -> Callable[..., Any]:
    async def handler(*, event: Any, **_kwargs: Any) -> None:
        view = owner_views.view(event["object"], kind=kind)
        if view is not None:
            sink(object_updates.Sighting(view, deleted=event["type"] == "DELETED"))

    return handler
