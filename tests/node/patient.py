"""Pushes on and on until the gateway has been replaced by another one, and tries a push that failed once more, later.

Runs in a pod of its own, with Python's standard library alone. GATEWAY is filled in by whoever runs it.
"""

import json
import os
import time
import urllib.error
import urllib.request

_LATER_SECONDS = 15.0
_TIMEOUT_SECONDS = 10.0
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


def main() -> None:
    """Print what became of the pushes, as one line of JSON."""
    first, pushes, again, failed, afterwards = _gateway(), 0, 0, 0, 0
    while afterwards < _AFTERWARDS:
        pushes += 1
        try:
            _push(pushes)
        except OSError:
            again += 1
            time.sleep(_LATER_SECONDS)
            try:
                _push(pushes)
            except OSError:
                failed += 1
                break
        if again or afterwards or (pushes % 20 == 0 and _gateway() != first):
            afterwards += 1
        time.sleep(0.05)
    print(json.dumps({"pushes": pushes, "again": again, "failed": failed}))


main()
