"""The exit codes of the containers of tidegate's Pods, which the API server forgets together with the Pod."""

import contextlib
import json
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping

from tests.support.kubernetes import admin_client
from tests.support.node import target_clusters, tidegate_installation

_PODS = (
    f"/api/v1/namespaces/{tidegate_installation.NAMESPACE}/pods"
    f"?watch=true&fieldSelector=metadata.name={tidegate_installation.POD}"
)
_END_SECONDS = 10.0


@contextlib.contextmanager
def recorded(place: target_clusters.Place) -> Iterator[Mapping[str, dict[str, int]]]:
    """Watch the Pod until the block ends; the value is the exit codes by Pod uid and container."""
    codes: defaultdict[str, dict[str, int]] = defaultdict(dict)
    command = [*place.command, "get", "--raw", _PODS]
    with subprocess.Popen(command, env=place.environment, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        stream = watch.stdout

        def read() -> None:
            for line in stream:
                pod = json.loads(line)["object"]
                codes[pod["metadata"]["uid"]] |= _exit_codes(pod)

        reader = threading.Thread(target=read, name="watch the Pod")
        reader.start()
        try:
            yield codes
        finally:
            watch.terminate()
            reader.join(_END_SECONDS)


def _exit_codes(pod: admin_client.Object) -> dict[str, int]:
    states = {each["name"]: each.get("state", {}) for each in pod.get("status", {}).get("containerStatuses", [])}
    return {name: state["terminated"]["exitCode"] for name, state in states.items() if "terminated" in state}
