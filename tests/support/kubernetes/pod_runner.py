"""Runs one pod on this node: its containers as local processes, and its status in the API server."""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from tests.support.kubernetes import admin_client, container_env, node_api_client, pod_status

_log = logging.getLogger(__name__)

FIRST_BACKOFF_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 5.0
"""Seconds between restarts of a container; the kubelet waits from 10 s to 5 min, which is too long for tests."""

_START_ERROR = 128
"""The exit code that containerd reports for a missing command."""
_SETPRIV = ("setpriv", "--pdeathsig", "KILL", "--")
_BASE_PATH = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
"""PATH with this interpreter's environment first, so that `python` in a pod has the project's packages."""


class PodRun:
    """Runs one pod until it has ended and is deleted; cancelling `live` kills its processes immediately."""

    def __init__(self, pod: admin_client.Object, *, calls: node_api_client.Calls, folder: Path, pod_ip: str) -> None:
        metadata = pod["metadata"]
        self._calls = calls
        self._uid: str = metadata["uid"]
        self._path = f"api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        self._folder = folder / f"{metadata['namespace']}_{metadata['name']}_{metadata['uid']}"
        self._ip = pod_ip
        ahead = float(metadata.get("annotations", {}).get(pod_status.CLOCK_AHEAD, 0.0))
        self._started = pod_status.timestamp(ahead=ahead)
        self._init = [_state_of(container, ahead=ahead) for container in pod["spec"].get("initContainers", ())]
        self._main = [_state_of(container, ahead=ahead) for container in pod["spec"]["containers"]]
        self._pod = {**pod, "status": {**pod.get("status", {}), **self._status()}}
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._processes: set[asyncio.subprocess.Process] = set()
        self._last_call: asyncio.TimerHandle | None = None

    async def live(self) -> None:
        """Run the pod for its whole lifetime on this node."""
        (self._folder / "work").mkdir(parents=True)
        try:
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(self._report_status())
                await self._run_all()
                self._changed.set()
                await telling
            await self._stopping.wait()
            await self._remove_pod()
        except* node_api_client.RejectedError as refusals:
            # The pod is deleted or replaced by another one of its name: its deletion did not wait for this node.
            _log.info("%s is no longer ours: %s", self._path, refusals.exceptions)

    def stop(self, grace: float) -> None:
        """Send SIGTERM now and SIGKILL after `grace` seconds; a later call can only shorten that."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace
        if not self._stopping.is_set():
            self._stopping.set()
            for process in self._processes:
                _signal(process, signal.SIGTERM)
        if self._last_call is None or self._last_call.when() > deadline:
            if self._last_call is not None:
                self._last_call.cancel()
            self._last_call = loop.call_at(deadline, self._kill)

    def _kill(self) -> None:
        for process in self._processes:
            _signal(process, signal.SIGKILL)

    async def _run_all(self) -> None:
        """Run the init containers in order, then the others together, according to their restartPolicy."""
        policy = self._pod["spec"]["restartPolicy"]
        # An init container that has succeeded is never restarted, whatever the policy.
        init_policy = "OnFailure" if policy == "Always" else policy
        for container, state in zip(self._pod["spec"].get("initContainers", ()), self._init, strict=True):
            await self._run(container, state, init_policy)
            if state.exit_code != 0:
                break
        else:
            async with asyncio.TaskGroup() as tasks:
                for container, state in zip(self._pod["spec"]["containers"], self._main, strict=True):
                    tasks.create_task(self._run(container, state, policy))
        for state in self._main:
            if not state.finished:
                state.end(_START_ERROR + signal.SIGKILL, reason="ContainerStatusUnknown", message="never started")
                state.finished = True

    async def _run(self, container: admin_client.Object, state: pod_status.ContainerState, policy: str) -> None:
        """Run one container with its restarts."""
        backoff = FIRST_BACKOFF_SECONDS
        while not self._stopping.is_set():
            try:
                line, environment = await self._prepare(container)
            except container_env.ConfigError as error:
                state.wait("CreateContainerConfigError", message=str(error))
            else:
                await self._run_once(container["name"], state, line, environment)
                if self._stopping.is_set() or not _restarts(policy, state.exit_code):
                    break
                state.wait("CrashLoopBackOff")
                state.restarts += 1
            self._changed.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff):
                    await self._stopping.wait()
            backoff = min(2 * backoff, LONGEST_BACKOFF_SECONDS)
        if state.exit_code is not None:
            state.finished = True
        self._changed.set()

    async def _run_once(
        self, name: str, state: pod_status.ContainerState, line: Sequence[str], environment: dict[str, str]
    ) -> None:
        if shutil.which(line[0], path=environment["PATH"]) is None:
            state.end(_START_ERROR, reason="StartError", message=f"{line[0]}: not found on this machine")
            return
        with (self._folder / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *_SETPRIV,
                *line,
                env=environment,
                cwd=self._folder / "work",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.add(process)
        state.begin()
        self._changed.set()
        try:
            if self._stopping.is_set():
                _signal(process, signal.SIGTERM)
            code = await process.wait()
        finally:
            # Kill the remaining processes of the container together with its first process.
            _kill_group(process)
            self._processes.discard(process)
        state.end(code if code >= 0 else 128 - code)

    async def _prepare(self, container: admin_client.Object) -> tuple[list[str], dict[str, str]]:
        data: dict[container_env.Source, dict[str, str]] = {}
        namespace = self._pod["metadata"]["namespace"]
        for source in container_env.sources(container):
            try:
                found = await self._calls.until_response(
                    "GET", f"api/v1/namespaces/{namespace}/{source.resource}/{source.name}"
                )
            except node_api_client.RejectedError as refusal:
                if refusal.status != HTTPStatus.NOT_FOUND:
                    raise
            else:
                data[source] = container_env.data_of(source, found)
        variables = container_env.environment(container, pod=self._pod, data=data)
        host = self._pod["spec"].get("hostname") or self._pod["metadata"]["name"]
        work = str(self._folder / "work")
        base = {"PATH": _BASE_PATH, "HOSTNAME": host, "HOME": work, "TMPDIR": work, "LANG": "C.UTF-8"}
        return container_env.command_line(container, variables), {**base, **variables}

    async def _report_status(self) -> None:
        """Update the pod's status in the API server until it shows that the pod has ended."""
        while True:
            self._changed.clear()
            status = self._status()
            await self._calls.until_response(
                "PATCH",
                f"{self._path}/status",
                # With the uid, the API server rejects an update of another pod of this name.
                body={"metadata": {"uid": self._uid}, "status": status},
                content_type=node_api_client.STRATEGIC_PATCH,
            )
            if status["phase"] in ("Succeeded", "Failed"):
                return
            await self._changed.wait()

    async def _remove_pod(self) -> None:
        """Report that the pod's processes have ended, so that the API server can remove the object."""
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._uid}}
        await self._calls.until_response("DELETE", self._path, body=body)

    def _status(self) -> admin_client.Object:
        return pod_status.report(self._init, self._main, started=self._started, pod_ip=self._ip)


def _state_of(container: admin_client.Object, *, ahead: float) -> pod_status.ContainerState:
    return pod_status.ContainerState(name=container["name"], image=container.get("image", ""), ahead=ahead)


def _restarts(policy: str, code: int | None) -> bool:
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _kill_group(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
