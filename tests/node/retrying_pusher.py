"""Pushes on and on until another gateway answers, and repeats each push that fails until it is acknowledged.

Runs in a pod of its own, with Python's standard library alone. GATEWAY is filled in by whoever runs it.
"""

import collections
import json
import os
import time
import urllib.error
import urllib.request

_PAUSE_SECONDS = 0.05
_TIMEOUT_SECONDS = 10.0
_PATIENCE_SECONDS = 240.0
"""For one push: far more than any rolling update takes, so that a gateway which never comes back fails the test."""
_AFTERWARDS = 30
"""Pushes to the new gateway, until it is enough."""


def _push(number: int) -> None:
    url = f"GATEWAY/metrics/job/through/instance/{os.environ['HOSTNAME']}"
    with urllib.request.urlopen(url, data=f"e2e_through {number}\n".encode(), timeout=_TIMEOUT_SECONDS):
        pass


def _gateway() -> str:
    with urllib.request.urlopen("GATEWAY/api/v1/status", timeout=_TIMEOUT_SECONDS) as answer:
        started: str = json.load(answer)["data"]["start_time"]
        return started


def _is_another(first: str) -> bool:
    """Whether the gateway is another one by now; a question is no push, and may fail."""
    try:
        return _gateway() != first
    except OSError:
        return False


def _reason(error: OSError) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return str(error.code)
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return type(cause).__name__


def _acknowledged(number: int, failures: "collections.Counter[str]") -> float:
    """Push until it is acknowledged, counting why each try before failed; the seconds that it took."""
    began = time.monotonic()
    while True:
        try:
            _push(number)
        except OSError as error:
            failures[_reason(error)] += 1
            if time.monotonic() - began > _PATIENCE_SECONDS:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return time.monotonic() - began


def main() -> None:
    """Print what became of the pushes, as one line of JSON: the number of the last one, the longest in seconds."""
    failures: collections.Counter[str] = collections.Counter()
    first, pushes, longest, afterwards = _gateway(), 0, 0.0, 0
    while afterwards < _AFTERWARDS:
        pushes += 1
        longest = max(longest, _acknowledged(pushes, failures))
        if afterwards or ((failures or pushes % 20 == 0) and _is_another(first)):
            afterwards += 1
        time.sleep(_PAUSE_SECONDS)
    pod = os.environ["HOSTNAME"]
    print(json.dumps({"pod": pod, "last": pushes, "longest": round(longest, 2), "failures": failures}))


main()
