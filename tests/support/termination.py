"""Waiting to be told to end."""

import signal

_ENDS = frozenset({signal.SIGINT, signal.SIGTERM})


def wait_until_told() -> None:
    """Return at Ctrl-C or SIGTERM; one that came just before is a `KeyboardInterrupt`.

    `signal.pause` misses what comes between the last look for signals and its own call: it then waits for a second one.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    try:
        signal.sigwait(_ENDS)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
