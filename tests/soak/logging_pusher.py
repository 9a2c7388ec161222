"""What a pod of the soak runs: it pushes values and writes down every try, in a file that tidegate never sees.

`SPEC` in its environment says what to push and where; `POD`, `POD_IP` and `OWNER` come from the downward API. It
is run as a file and knows the standard library alone: hundreds of them start on two cores.

Each line of the log is one JSON object: first what the pod is about, then `sent` and `answered` of each try. A push
that nobody answered has no `answered`; it may have been taken or not.
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
"""How long one value is tried again before the pod gives up."""
_RETRY_SECONDS = 0.2
_OK = (200, 202)

Tell = Callable[..., None]


class Place(NamedTuple):
    """Where it pushes to, and from which address; any where that is empty."""

    host: str
    port: int
    source: str


def main() -> int:
    """Push as the specification says; the exit code that it asks for, or 1 where a push was never acknowledged."""
    spec: dict[str, Any] = json.loads(os.environ["SPEC"])
    pod, owner = os.environ["POD"], spec.get("owner") or os.environ["OWNER"]
    place = Place(spec["host"], spec["port"], "" if spec["proxied"] else os.environ["POD_IP"])
    path = "/metrics" + "".join(f"/{name}/{value}" for name, value in spec["group"])
    with (Path(spec["log"]) / f"{pod}.jsonl").open("a") as log:

        def tell(event: str, **fields: Any) -> None:
            log.write(json.dumps({"event": event, **fields}) + "\n")
            # What this process wrote outlives its death from here on; the machine itself is not killed.
            log.flush()

        tell("pod", owner=owner, group=dict(spec["group"]), until=spec["until"], drain=spec["drain"])
        for number in range(spec["pushes"]):
            if number:
                time.sleep(spec["pause"])
            if not _push(place, path, tell):
                return 1
    return int(spec["exit"])


def _push(place: Place, path: str, tell: Tell) -> bool:
    # Milliseconds: no two pushes of a group are alike, and a later one is larger.
    value = int(time.time() * 1000)
    deadline = time.monotonic() + _PUSH_SECONDS
    while time.monotonic() < deadline:
        tell("sent", value=value, time=time.time())
        try:
            status = _put(place, path, f"soak_value {value}\n")
        except (OSError, http.client.HTTPException) as error:
            tell("unanswered", value=value, time=time.time(), error=repr(error))
        else:
            tell("answered", value=value, time=time.time(), status=status)
            if status in _OK:
                return True
        time.sleep(_RETRY_SECONDS)
    return False


def _put(place: Place, path: str, body: str) -> int:
    connection = http.client.HTTPConnection(
        place.host, place.port, timeout=_TRY_SECONDS, source_address=(place.source, 0)
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
