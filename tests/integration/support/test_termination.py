"""A process that waits for a signal ends at the first one, whenever it arrives."""

import signal
import sys

import pytest

from tests.support.processes import started_commands

_WAITING = """
import signal
from tests.support.processes import termination
for number in (signal.SIGTERM, signal.SIGINT):
    # A shell starts background commands with SIGINT ignored.
    signal.signal(number, signal.default_int_handler)
try:
    print("up", flush=True)
    termination.wait_for_signal()
except KeyboardInterrupt:
    pass
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM] * 5)
def test_process_ends_at_the_first_signal(number: signal.Signals) -> None:
    with started_commands.started([sys.executable, "-c", _WAITING]) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "up\n"
        run.send_signal(number)
        assert run.wait(timeout=60) == 0
        assert run.stdout.read() == "ended\n"
