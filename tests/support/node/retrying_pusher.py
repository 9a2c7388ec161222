"""Pushes until another gateway responds, and repeats each failed push until it is acknowledged.

Runs in a pod with only Python's standard library. The test replaces GATEWAY before it runs this script.
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
"""Time limit for one push: far longer than a rolling update, so that a gateway that never returns fails the test."""
_AFTERWARDS = 30
"""Number of pushes to the new gateway before the script ends."""


def _push(number: int) -> None:
    url = f"GATEWAY/metrics/job/through/instance/{os.environ['HOSTNAME']}"
    with urllib.request.urlopen(url, data=f"e2e_through {number}\n".encode(), timeout=_TIMEOUT_SECONDS):
        pass


def _gateway() -> str:
    with urllib.request.urlopen("GATEWAY/api/v1/status", timeout=_TIMEOUT_SECONDS) as answer:
        started: str = json.load(answer)["data"]["start_time"]
        return started


def _is_another(first: str) -> bool:
    """Whether the responding gateway is another one; a failed request is ignored, because it is not a push."""
    try:
        return _gateway() != first
    except OSError:
        return False


def _reason(error: OSError) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return str(error.code)
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return type(cause).__name__


def _push_until_acknowledged(number: int, failures: "collections.Counter[str]") -> None:
    """Repeat the push until it is acknowledged, and count the errors."""
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
            return


def main() -> None:
    """Print the results as one line of JSON: the number of the last push, and the errors."""
    failures: collections.Counter[str] = collections.Counter()
    first, pushes, afterwards = _gateway(), 0, 0
    while afterwards < _AFTERWARDS:
        pushes += 1
        _push_until_acknowledged(pushes, failures)
        if afterwards or ((failures or pushes % 20 == 0) and _is_another(first)):
            afterwards += 1
        time.sleep(_PAUSE_SECONDS)
    pod = os.environ["HOSTNAME"]
    print(json.dumps({"pod": pod, "last": pushes, "failures": failures}))


main()
