"""Long-lived child processes that end, at the latest, with the process that started them."""

import atexit
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.programs import binaries

_TAIL_BYTES = 4096
_running: set["Process"] = set()


class Process:
    """A program with its log file; it can be restarted with the same arguments.

    It leads its own process group, so that Ctrl-C in a terminal does not reach it, and the kernel kills it if the
    parent dies unexpectedly (PDEATHSIG, set by setpriv). That signal follows the *thread* that started it: start
    processes from a thread that lives as long as they should.
    """

    def __init__(
        self,
        name: str,
        *,
        argv: Sequence[str | Path],
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.log = log
        self._argv = [_setpriv(), "--pdeathsig", death_signal.name.removeprefix("SIG"), "--", *map(str, argv)]
        self._env = dict(env) if env is not None else None
        self._cwd = cwd
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the running process."""
        if self._child is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code (negative for a signal); None while it runs or before its start."""
        return self._child.poll() if self._child is not None else None

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        if self.running:
            raise RuntimeError(f"{self.name} is running already")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self._argv,
                env=self._env,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _running.add(self)

    def stop(self, *, grace: float = 10.0) -> int:
        """Terminate it (SIGTERM), kill it after `grace` seconds, and return its exit code."""
        if self._child is None:
            return 0
        if self.running:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self._child.wait(timeout=grace)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._reap()

    def kill(self) -> int:
        """Kill it and its process group (SIGKILL), and return its exit code."""
        if self._child is None:
            return 0
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:
            return self._reap()
        return self._reap()

    def pause(self) -> None:
        """Pause it (SIGSTOP): its sockets stay open, but it does not respond."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue it after `pause`."""
        self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._child is not None:
            self._child.send_signal(number)

    def tail(self) -> str:
        """The end of the log."""
        return self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace") if self.log.exists() else ""

    def check(self) -> None:
        """Raise `ProcessEndedError` if it has ended by itself."""
        if not self.running:
            raise ProcessEndedError(f"{self.name} ended with exit code {self.returncode}; its log ends:\n{self.tail()}")

    def _reap(self) -> int:
        _running.discard(self)
        return self._child.wait() if self._child is not None else 0


class ProcessEndedError(RuntimeError):
    """A process that should be running has ended; the message contains the end of its log."""


def _setpriv() -> str:
    found = shutil.which("setpriv")
    if found is None:
        raise binaries.MissingToolError("setpriv is missing: install the system package util-linux")
    return found


@atexit.register
def _end_all() -> None:
    for process in list(_running):
        process.kill()
