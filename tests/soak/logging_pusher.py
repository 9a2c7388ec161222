"""The script of the soak's pods: it pushes values and logs every attempt in a file that tidegate does not access.

`SPEC` in its environment defines what to push and where; `POD`, `POD_IP` and `OWNER` come from the downward API. It
runs as a file and uses only the standard library, because hundreds of them start on two cores.

Each line of the log is one JSON object: first the pod's metadata, then `sent` and `response` of each attempt. A push
without a response may or may not have been stored.
"""

import http.client
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

_TRY_SECONDS = 5.0
_PUSH_SECONDS = 30.0
"""Seconds for which one value is retried before the pod gives up."""
_RETRY_SECONDS = 0.2
_OK = (200, 202)

LogEvent = Callable[..., None]


class Target(NamedTuple):
    """The target address and the source address, which may be empty."""

    host: str
    port: int
    source: str


def main() -> int:
    """Push according to the specification; return its exit code, or 1 if a push was never acknowledged."""
    spec: dict[str, Any] = json.loads(os.environ["SPEC"])
    pod, owner = os.environ["POD"], spec.get("owner") or os.environ["OWNER"]
    target = Target(spec["host"], spec["port"], "" if spec["proxied"] else os.environ["POD_IP"])
    path = "/metrics" + "".join(f"/{name}/{value}" for name, value in spec["group"])
    with (Path(spec["log"]) / f"{pod}.jsonl").open("a") as log:

        def log_event(event: str, **fields: Any) -> None:
            log.write(json.dumps({"event": event, **fields}) + "\n")
            # Written data survives the death of this process; the machine itself is not killed.
            log.flush()

        log_event("pod", owner=owner, group=dict(spec["group"]), until=spec["until"], drain=spec["drain"])
        for number in range(spec["pushes"]):
            if number:
                time.sleep(spec["pause"])
            if not _push(target, path, log_event):
                return 1
    return int(spec["exit"])


def _push(target: Target, path: str, log_event: LogEvent) -> bool:
    # Milliseconds: all pushes of a group differ, and later ones have larger values.
    value = int(time.time() * 1000)
    deadline = time.monotonic() + _PUSH_SECONDS
    while time.monotonic() < deadline:
        log_event("sent", value=value, time=time.time())
        try:
            status = _put(target, path, f"soak_value {value}\n")
        except (OSError, http.client.HTTPException) as error:
            log_event("unanswered", value=value, time=time.time(), error=repr(error))
        else:
            log_event("response", value=value, time=time.time(), status=status)
            if status in _OK:
                return True
        time.sleep(_RETRY_SECONDS)
    return False


def _put(target: Target, path: str, body: str) -> int:
    connection = http.client.HTTPConnection(
        target.host, target.port, timeout=_TRY_SECONDS, source_address=(target.source, 0)
    )
    try:
        connection.request("PUT", path, body=body.encode())
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
