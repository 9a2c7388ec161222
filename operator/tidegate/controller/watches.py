"""The watch on all kinds of objects, by kopf: it only makes us faster, the lists of :mod:`resyncs` make us right.

kopf ends itself at errors, and cancels at its end every task of its loop; so it has a thread and a loop of its own, and
nothing of ours runs there but handlers that pass on what they see. It writes no finalizer, no status and no Event.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable, Collection
from typing import Any

import aiohttp
import kopf
from kubernetes.aio import client

from tidegate import settings
from tidegate.controller import intakes, kinds, logins, storages, views

_SERVER_SECONDS = 120
"""Whole seconds: the API server refuses a fraction."""
_CLIENT_SECONDS = 150
"""A watch is begun anew after at most this long, so that one that died unnoticed does not last."""

_IDLE_SECONDS = 0.02
"""How long kopf keeps the task of an object, and with it the whole object, after an event. Its own five seconds are as
long as its list of ten thousand takes, which then are in memory all at once. Not 0: it would never take an event."""

_LINGER_SECONDS = 0.1
"""Transports that were told to close do so in the next rounds of their loop."""

_ERROR_PAUSES = (1.0, 2.0, 4.0)
"""Seconds between tries of one request; a tuple, as it is used for each. After the last, kopf ends at an answer that is
an error, and begins with the first pause again where there is no answer: without pauses that would be a busy loop."""


_IDENTITY: Any = "tidegate"  # its type is not public
"""What kopf calls us. Left alone it asks the system for the user's name, and a container's numeric user has none."""


def watch(
    told_to_stop: threading.Event,
    *,
    chosen: settings.KubernetesSettings,
    watched: Collection[kinds.Kind],
    sink: Callable[[intakes.Sighting], None],
) -> None:
    """Watch until told to stop; blocks. Raises what ended it otherwise.

    :param told_to_stop: of this call alone; it is set too when the watch has ended by itself.
    :param watched: each with its name. One that the API server does not have is passed over.
    :param sink: called in this thread with each object that is seen; must return at once.
    """
    logging.getLogger("kopf").setLevel(logging.CRITICAL)  # Its end is told of by whoever runs this, once.
    registry = kopf.OperatorRegistry()
    connectors: list[aiohttp.BaseConnector] = []
    kopf.on.login(registry=registry)(_login(chosen, connectors))
    for kind in watched:
        kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.resource)(_handler(kind, sink))
    # A runner and not asyncio.run in kopf.run: that one hides why it ended behind a cancellation.
    with asyncio.Runner() as runner:
        try:
            runner.run(
                kopf.operator(
                    registry=registry,
                    settings=_settings(chosen, watched),
                    identity=_IDENTITY,
                    standalone=True,
                    clusterwide=not chosen.namespaces,
                    namespaces=chosen.namespaces,
                    stop_flag=told_to_stop,
                )
            )
        finally:
            # kopf waits for the flag in a thread of the loop, which cannot be cancelled and which the runner joins.
            told_to_stop.set()
            # kopf closes what it opened only where it ends in peace, so the connections are ours.
            runner.run(_end(connectors))


def _settings(chosen: settings.KubernetesSettings, watched: Collection[kinds.Kind]) -> kopf.OperatorSettings:
    made = kopf.OperatorSettings()
    made.process.ultimate_exiting_timeout = None
    made.posting.enabled = False
    made.posting.loggers = False
    made.scanning.disabled = True
    made.persistence.diffbase_storage = storages.NoEssence()
    made.persistence.progress_storage = storages.NoProgress()
    made.queueing.idle_timeout = _IDLE_SECONDS
    made.watching.server_timeout = _SERVER_SECONDS
    made.watching.client_timeout = _CLIENT_SECONDS
    made.watching.connect_timeout = chosen.connect_timeout
    made.watching.chunk_size = chosen.page_size
    for kind in watched:
        if kind.fields:
            made.watching.field_selectors[kind.group, kind.version, kind.plural] = kind.fields
    made.networking.request_timeout = chosen.request_timeout
    made.networking.connect_timeout = chosen.connect_timeout
    made.networking.error_backoffs = _ERROR_PAUSES
    return made


def _login(chosen: settings.KubernetesSettings, connectors: list[aiohttp.BaseConnector]) -> Callable[..., Any]:
    """The login of kopf, which keeps the connections of its newest session in ``connectors``."""

    async def login(**_kwargs: Any) -> kopf.AiohttpSession:
        config = await logins.load(chosen)
        await _close(connectors)
        connector = aiohttp.TCPConnector(limit=0, ssl=_tls(config))
        connectors.append(connector)
        headers = await _authorization(config)
        session = aiohttp.ClientSession(connector=connector, connector_owner=False, headers=headers)
        return kopf.AiohttpSession(server=config.host, aiohttp_session=session)

    return login


async def _end(connectors: list[aiohttp.BaseConnector]) -> None:
    """Cancel what kopf has left running, and close its connections, so that nothing outlives the loop."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await _close(connectors)
    await asyncio.sleep(_LINGER_SECONDS)


async def _close(connectors: list[aiohttp.BaseConnector]) -> None:
    while connectors:
        # The loop may end with us: nobody would be there for the other side's goodbye.
        await connectors.pop().close(abort_ssl=True)


def _tls(config: client.Configuration) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=config.ssl_ca_cert)
    if not config.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if config.cert_file:
        context.load_cert_chain(config.cert_file, config.key_file)
    return context


async def _authorization(config: client.Configuration) -> dict[str, str]:
    """The header with a token, or with name and password, or none."""
    found: Any = await config.auth_settings()
    token = found.get("BearerToken", {}).get("value")
    if token:
        return {"Authorization": str(token)}
    if config.username:
        return {"Authorization": aiohttp.encode_basic_auth(config.username, config.password or "")}
    return {}


def _handler(kind: kinds.Kind, sink: Callable[[intakes.Sighting], None]) -> Callable[..., Any]:
    async def handler(*, event: Any, **_kwargs: Any) -> None:
        view = views.view(event["object"], kind=kind)
        if view is not None:
            sink(intakes.Sighting(view, deleted=event["type"] == "DELETED"))

    return handler
