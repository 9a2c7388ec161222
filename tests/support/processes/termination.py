"""Waiting for a signal to terminate."""

import signal

_ENDS = frozenset({signal.SIGINT, signal.SIGTERM})


def wait_for_signal() -> None:
    """Return at Ctrl-C or SIGTERM; a signal that arrived just before raises `KeyboardInterrupt`.

    `signal.pause` misses a signal that arrives between the last check for signals and its own call.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    try:
        signal.sigwait(_ENDS)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
