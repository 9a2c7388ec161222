"""The composition root: which parts a process has, and how it starts, is told to stop, and stops."""

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
"""How long a thread of the gateway, which parses or selects, may keep the interpreter from the event loop: Python's own
five milliseconds would hold up each request that comes meanwhile, and again at each of its steps."""

_THREAD_SECONDS = 0.5
"""How long a thread may take to end once the work of the process is done."""

_Result = TypeVar("_Result")

_ENDS = (signal.SIGTERM, signal.SIGINT)


def run_gateway(chosen: settings.GatewaySettings, *, flags: Mapping[str, str]) -> None:
    """Serve until SIGTERM, SIGINT or, where that is allowed, a client's ``/-/quit``."""
    _run(_gateway(chosen, registry=telemetry.new_registry(), flags=flags))


def run_operator(chosen: settings.OperatorSettings) -> None:
    """Watch and reconcile until SIGTERM or SIGINT."""
    # Not on uvloop: a server that resets a connection while TLS is agreed upon makes aiohttp close a socket under it,
    # and the next connection that gets the socket's number ends the process (MagicStack/uvloop#653).
    event_loops.run(_operator(chosen, registry=telemetry.new_registry()))
    _end_without(event_loops.threads_left(timeout=_THREAD_SECONDS))


def run_both(
    gateway: settings.GatewaySettings, operator: settings.OperatorSettings, *, flags: Mapping[str, str]
) -> None:
    """Both in one process, for a laptop: the operator in a thread with a loop of its own, so that it may stall or
    fail without the gateway noticing. Without a file for the token there is one in memory."""
    if not gateway.control_token.file:
        shared = settings.TokenSettings(value=control_token.new())
        gateway = dataclasses.replace(gateway, control_token=shared)
        operator = dataclasses.replace(operator, control_token=shared)
    _run(_both(gateway, operator, flags=flags))
    _end_without(event_loops.threads_left(timeout=_THREAD_SECONDS))


def _end_without(left: Sequence[str]) -> None:
    """End the process now if threads are left: Python would wait for them, and nobody can cancel one that is resolving
    a name or is held up in a library."""
    if left:
        _logger.info("ending without %s", ", ".join(left))
        logging.shutdown()
        os._exit(0)


def run_import(chosen: client_settings.ImportSettings) -> int:
    """Copy the groups of a running Pushgateway into a file; the exit status: 1 where some could not be taken.

    :raises OSError: the one cannot be read, or the other cannot be used.
    """
    from tidegate.migrate import pushgateway_import

    outcome = _run(pushgateway_import.copy(chosen.source_url, Path(chosen.file)))
    copied = plurals.counted(outcome.copied, "group")
    _logger.info("%s copied, %d kept since the file has newer ones", copied, outcome.kept)
    return 1 if outcome.refused else 0


def run_inquiry(
    chosen: client_settings.InquirySettings,
    ask: Callable[[api_calls.GatewayApi, api_calls.OperatorApi], Awaitable[_Result]],
) -> _Result:
    """Have something ask a running gateway and its operator; its answer.

    :raises OSError: one of them cannot be asked.
    """
    # Not on uvloop, as the operator: it may speak TLS.
    return asyncio.run(_inquiry(chosen, ask))


async def _inquiry(
    chosen: client_settings.InquirySettings,
    ask: Callable[[api_calls.GatewayApi, api_calls.OperatorApi], Awaitable[_Result]],
) -> _Result:
    gateway, operator = urls.parse(chosen.gateway_url), urls.parse(chosen.operator_url)
    async with contextlib.AsyncExitStack() as stack:
        if chosen.namespace:
            pod = await stack.enter_async_context(_podproxies().open_pod_proxy(chosen))
            door = pod.door
        else:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            door = functools.partial(transports.DirectDoor, session=session)
        ways = door(gateway, flag="--gateway.url"), door(operator, flag="--operator.url")
        return await ask(api_calls.GatewayApi(ways[0]), api_calls.OperatorApi(ways[1]))


def run_push(chosen: client_settings.DeliverySettings, push: push_client.Push, *, tell: Callable[[str], None]) -> None:
    """Push to a running gateway; ``tell`` is told of each try that fails and is not the last one.

    :raises pushes.UnacknowledgedError: the gateway has not acknowledged it in time.
    :raises doors.InquiryError: it never would.
    """
    asyncio.run(_push(chosen, push, tell=tell))


@contextlib.contextmanager
def ending_at_once() -> Iterator[None]:
    """SIGTERM and SIGINT end the process there and then, with the status that a shell gives it: nothing is to be tidied
    up, and any other way out waits for a thread that may be looking up a name for half a minute."""

    def end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - a handler of signal
        os._exit(128 + number)

    before = {number: signal.signal(number, end) for number in _ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _push(
    chosen: client_settings.DeliverySettings, push: push_client.Push, *, tell: Callable[[str], None]
) -> None:
    async with aiohttp.ClientSession() as session:
        door = transports.DirectDoor(urls.parse(chosen.gateway_url), flag="--gateway.url", session=session)
        await push_client.deliver(push, door, chosen=chosen, clock=clocks.SystemClock(), tell=tell)


async def _gateway(
    chosen: settings.GatewaySettings,
    *,
    registry: prometheus_client.CollectorRegistry,
    flags: Mapping[str, str],
    is_alone: bool = True,
) -> None:
    """:param is_alone: whether no operator is in the process, which leaves garbage that Python has to look for."""
    # Here, as uvloop and the controller: a command that only asks or pushes would wait for it.
    from tidegate.gateway import server

    stop = _stop_on_signals()
    file_descriptors.raise_limit()
    sys.setswitchinterval(_SWITCH_SECONDS)
    gateway = server.Gateway(chosen, clock=clocks.SystemClock(), registry=registry, flags=flags, stop=stop)
    await gateway.start()
    garbage_collection.spare_what_is_there()
    if is_alone:
        garbage_collection.spare_what_stays()
    await stop.wait()
    await gateway.stop()


async def _operator(chosen: settings.OperatorSettings, *, registry: prometheus_client.CollectorRegistry) -> None:
    stop = _stop_on_signals()
    await _operators().run(chosen, clock=clocks.SystemClock(), registry=registry, stop=stop)


async def _both(
    gateway: settings.GatewaySettings, operator: settings.OperatorSettings, *, flags: Mapping[str, str]
) -> None:
    companion = _Companion(operator)
    companion.start()
    try:
        await _gateway(gateway, registry=telemetry.new_registry(), flags=flags, is_alone=False)
    finally:
        await asyncio.to_thread(companion.stop)


class _Companion:
    """The operator beside the gateway in one process. Its end is logged and ends nothing else."""

    def __init__(self, chosen: settings.OperatorSettings) -> None:
        self._settings = chosen
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="operator")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask for its end and wait for it."""
        with contextlib.suppress(RuntimeError):  # its loop is closed: it has ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        work = _operators().run(
            self._settings, clock=clocks.SystemClock(), registry=telemetry.new_registry(), stop=self._stop
        )
        try:
            event_loops.run(work, loop=self._loop)
        except (OSError, settings.BadSettingsError) as error:
            _logger.error("the operator cannot start: %s; the gateway serves, but nothing is cleaned up", error)
        except Exception:
            _logger.exception("the operator has ended; the gateway goes on serving, but nothing is cleaned up")


def _operators() -> Any:
    """The controller, imported when a process has one: kopf takes half a second and 40 MiB."""
    return importlib.import_module("tidegate.operator.main")


def _podproxies() -> Any:
    """Imported when somebody asks through the API server: the client of Kubernetes takes half a second, too."""
    return importlib.import_module("tidegate.operator.kube.pod_proxy")


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _ENDS:
        loop.add_signal_handler(number, stop.set)
    return stop


def _run(work: Coroutine[Any, Any, _Result]) -> _Result:
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    return uvloop.run(work)
