"""The composition root: creates the parts of each process, starts them, and stops them on signals."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar

import aiohttp
import prometheus_client

from tidegate import client_settings, control_token, settings, telemetry
from tidegate.aio import clocks, event_loops
from tidegate.client import api_calls, push_client, transports, urls
from tidegate.model import plurals
from tidegate.system import file_descriptors, garbage_collection

_logger = logging.getLogger(__name__)

_SWITCH_SECONDS = 0.001
"""How long a thread that parses or selects may hold the interpreter lock. Python's default of five milliseconds would
delay every request that arrives meanwhile, at each of its steps."""

_THREAD_SECONDS = 0.5
"""How long a thread may take to end once the work of the process is done."""

_Result = TypeVar("_Result")

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_gateway(gateway_settings: settings.GatewaySettings, *, flags: Mapping[str, str]) -> None:
    """Serve until SIGTERM, SIGINT or, if a flag allows it, a client's ``/-/quit``."""
    _run(_gateway(gateway_settings, registry=telemetry.new_registry(), flags=flags))


def run_operator(operator_settings: settings.OperatorSettings) -> None:
    """Watch and reconcile until SIGTERM or SIGINT."""
    # Not on uvloop: if a server resets a connection during the TLS handshake, aiohttp closes the socket while uvloop
    # uses it, and the next connection with the same file descriptor crashes the process (MagicStack/uvloop#653).
    event_loops.run(_operator(operator_settings, registry=telemetry.new_registry()))
    _exit_despite(event_loops.threads_left(timeout=_THREAD_SECONDS))


def run_both(
    gateway: settings.GatewaySettings, operator: settings.OperatorSettings, *, flags: Mapping[str, str]
) -> None:
    """Run both in one process, for local development.

    The operator has a thread and an event loop of its own, so that the gateway keeps serving if the operator hangs or
    fails. Without a token file they share a token in memory.
    """
    if not gateway.control_token.file:
        shared = settings.TokenSettings(value=control_token.new())
        gateway = dataclasses.replace(gateway, control_token=shared)
        operator = dataclasses.replace(operator, control_token=shared)
    _run(_both(gateway, operator, flags=flags))
    _exit_despite(event_loops.threads_left(timeout=_THREAD_SECONDS))


def _exit_despite(threads: Sequence[str]) -> None:
    """Exit now if any threads are left.

    Python would wait for them, and a thread that resolves a name or hangs in a library cannot be cancelled.
    """
    if threads:
        _logger.info("exiting without waiting for threads: %s", ", ".join(threads))
        logging.shutdown()
        os._exit(0)


def run_import(import_settings: client_settings.ImportSettings) -> int:
    """Copy the groups of a running Pushgateway into a file. The exit code is 1 if some could not be copied.

    :raises OSError: the Pushgateway cannot be read, or the file cannot be used.
    """
    from tidegate.migrate import pushgateway_import

    outcome = _run(pushgateway_import.copy(import_settings.source_url, Path(import_settings.file)))
    copied = plurals.counted(outcome.copied, "group")
    _logger.info("%s copied, %d skipped because the file has newer pushes", copied, outcome.skipped)
    return 1 if outcome.failed else 0


def run_query(
    connection_settings: client_settings.ConnectionSettings,
    query: Callable[[api_calls.GatewayApi, api_calls.OperatorApi], Awaitable[_Result]],
) -> _Result:
    """Run a query against a running gateway and its operator, and return its result.

    :raises OSError: the gateway or the operator cannot be reached.
    """
    # Not on uvloop, for the same reason as the operator: the connection may use TLS.
    return asyncio.run(_run_query(connection_settings, query))


async def _run_query(
    connection_settings: client_settings.ConnectionSettings,
    query: Callable[[api_calls.GatewayApi, api_calls.OperatorApi], Awaitable[_Result]],
) -> _Result:
    gateway, operator = urls.parse(connection_settings.gateway_url), urls.parse(connection_settings.operator_url)
    async with contextlib.AsyncExitStack() as stack:
        if connection_settings.namespace:
            pod = await stack.enter_async_context(_pod_proxy_module().open_pod_proxy(connection_settings))
            make_transport = pod.transport
        else:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            make_transport = functools.partial(transports.DirectTransport, session=session)
        gateway_api = api_calls.GatewayApi(make_transport(gateway, flag="--gateway.url"))
        operator_api = api_calls.OperatorApi(make_transport(operator, flag="--operator.url"))
        return await query(gateway_api, operator_api)


def run_push(
    delivery_settings: client_settings.DeliverySettings, push: push_client.Push, *, report: Callable[[str], None]
) -> None:
    """Push to a running gateway.

    :param report: called with a message after each failed attempt that is not the last.
    :raises push_client.UnacknowledgedError: the gateway did not acknowledge the push in time.
    :raises transports.RequestError: the gateway rejects the push; another attempt would fail, too.
    """
    asyncio.run(_push(delivery_settings, push, report=report))


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Within this context SIGTERM and SIGINT end the process immediately, with the exit code that a shell expects.

    Nothing needs to be cleaned up, and any other way to exit waits for a thread that may resolve a name for half a
    minute.
    """

    def end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - a signal handler
        os._exit(128 + number)

    before = {number: signal.signal(number, end) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _push(
    delivery_settings: client_settings.DeliverySettings, push: push_client.Push, *, report: Callable[[str], None]
) -> None:
    async with aiohttp.ClientSession() as session:
        transport = transports.DirectTransport(
            urls.parse(delivery_settings.gateway_url), flag="--gateway.url", session=session
        )
        await push_client.deliver(
            push, transport, delivery_settings=delivery_settings, clock=clocks.SystemClock(), report=report
        )


async def _gateway(
    gateway_settings: settings.GatewaySettings,
    *,
    registry: prometheus_client.CollectorRegistry,
    flags: Mapping[str, str],
    is_alone: bool = True,
) -> None:
    """Run the gateway.

    :param is_alone: whether the process has no operator, which creates reference cycles that must be collected.
    """
    # Imported here, like uvloop and the operator, because it slows the start of commands that only query or push.
    from tidegate.gateway import server

    stop = _stop_on_signals()
    file_descriptors.raise_limit()
    sys.setswitchinterval(_SWITCH_SECONDS)
    gateway = server.Gateway(gateway_settings, clock=clocks.SystemClock(), registry=registry, flags=flags, stop=stop)
    await gateway.start()
    garbage_collection.freeze_existing()
    if is_alone:
        garbage_collection.freeze_survivors()
    await stop.wait()
    await gateway.stop()


async def _operator(
    operator_settings: settings.OperatorSettings, *, registry: prometheus_client.CollectorRegistry
) -> None:
    stop = _stop_on_signals()
    await _operator_module().run(operator_settings, clock=clocks.SystemClock(), registry=registry, stop=stop)


async def _both(
    gateway: settings.GatewaySettings, operator: settings.OperatorSettings, *, flags: Mapping[str, str]
) -> None:
    operator_thread = _OperatorThread(operator)
    operator_thread.start()
    try:
        await _gateway(gateway, registry=telemetry.new_registry(), flags=flags, is_alone=False)
    finally:
        await asyncio.to_thread(operator_thread.stop)


class _OperatorThread:
    """The operator in the process of the gateway. If it fails, that is logged, and the gateway keeps serving."""

    def __init__(self, operator_settings: settings.OperatorSettings) -> None:
        self._settings = operator_settings
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="operator")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop the operator and wait until its thread has ended."""
        with contextlib.suppress(RuntimeError):  # the loop is closed if the operator has ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        work = _operator_module().run(
            self._settings, clock=clocks.SystemClock(), registry=telemetry.new_registry(), stop=self._stop
        )
        try:
            event_loops.run(work, loop=self._loop)
        except (OSError, settings.BadSettingsError) as error:
            _logger.error("operator cannot start: %s; the gateway keeps serving, but no group is drained", error)
        except Exception:
            _logger.exception("operator failed; the gateway keeps serving, but no group is drained until a restart")


def _operator_module() -> Any:
    """The operator, imported only by processes that run it: kopf takes half a second and 40 MiB."""
    return importlib.import_module("tidegate.operator.main")


def _pod_proxy_module() -> Any:
    """The pod proxy, imported only by commands that use it: the Kubernetes client takes half a second."""
    return importlib.import_module("tidegate.operator.kube.pod_proxy")


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    return stop


def _run(work: Coroutine[Any, Any, _Result]) -> _Result:
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    return uvloop.run(work)
