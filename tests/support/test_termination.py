"""A process that waits to be told to end does end, whenever it is told."""

import signal
import sys

import pytest

from tests.support import started_commands

_WAITING = """
import signal
from tests.support import termination
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    print("up", flush=True)
    termination.wait_until_told()
except KeyboardInterrupt:
    pass
print("told", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM] * 5)
def test_one_signal_is_enough(number: signal.Signals) -> None:
    with started_commands.started([sys.executable, "-c", _WAITING]) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "up\n"
        run.send_signal(number)
        assert run.wait(timeout=10) == 0
        assert run.stdout.read() == "told\n"
