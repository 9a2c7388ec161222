"""Jobs that push as their users write them: with the official Python client, to the address in their environment."""

from collections.abc import Mapping, Set

from tests.cluster import apis, clusters, objects
from tests.support import tidegates, waiting

_SCRIPT = """
import http.client, os, prometheus_client
registry = prometheus_client.CollectorRegistry()
gauge = prometheus_client.Gauge("job_result", "What the Job computed.", registry=registry)
gauge.set(float(os.environ["RESULT"]))
key = dict(pair.split("=", 1) for pair in os.environ["KEY"].split(",") if pair)
def from_pod(url, method, timeout, headers, data):
    def send():
        host, path = url.removeprefix("http://").split("/", 1)
        connection = http.client.HTTPConnection(host, timeout=timeout, source_address=(os.environ["POD_IP"], 0))
        connection.request(method, "/" + path, data, dict(headers))
        if connection.getresponse().status >= 400:
            raise SystemExit("refused")
    return send
handler = from_pod if os.environ["FROM_POD"] else prometheus_client.exposition.default_handler
prometheus_client.push_to_gateway(os.environ["GATEWAY"], job=os.environ["JOB"], grouping_key=key, registry=registry,
    timeout=20, handler=handler)
"""
_THEN_FAIL = "\nraise SystemExit(3)\n"
_THEN_RUN_ON = "\nimport threading; threading.Event().wait()\n"
_QUICK_END = {"terminationGracePeriodSeconds": 1}
_OF_POD = [
    {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
    for name, path in (("POD", "metadata.name"), ("POD_IP", "status.podIP"))
]


class Pushers:
    """Creates the Jobs of one test in one namespace; the group is named after the Job unless the test says else."""

    def __init__(self, cluster: clusters.Cluster, gateway: tidegates.Gateway, *, namespace: str) -> None:
        self._cluster = cluster
        self._gateway = gateway
        self.namespace = namespace

    def unique(self, name: str) -> str:
        """The name with the namespace's suffix: Jobs of other tests may still be on their way out."""
        return f"{name}-{self.namespace.rpartition('-')[2]}"

    def job(
        self,
        name: str,
        *,
        result: float = 1.0,
        group: str | None = None,
        key: str = "",
        fails: bool = False,
        runs_on: bool = False,
        from_pod: bool = False,
        annotations: Mapping[str, str] | None = None,
        ttl: int | None = None,
        suspend: bool = False,
        namespace: str | None = None,
    ) -> apis.Object:
        """Create a Job that pushes ``job_result`` and then ends, fails, or runs on until it is deleted."""
        container = self.container(
            group or name, result=result, key=key, fails=fails, runs_on=runs_on, from_pod=from_pod
        )
        body = objects.job(name, container, annotations=annotations, ttl=ttl, suspend=suspend, pod=_QUICK_END)
        return self._cluster.api.create("jobs", body, namespace=namespace or self.namespace)

    def container(
        self,
        group: str,
        *,
        result: float,
        key: str = "",
        fails: bool = False,
        runs_on: bool = False,
        from_pod: bool = False,
    ) -> apis.Object:
        """The container that pushes; ``$(POD)`` in the key is the pod's name.

        Its pushes come from the machine's address, as through a proxy, unless they are to come from the pod's own.
        """
        script = _SCRIPT + (_THEN_FAIL if fails else _THEN_RUN_ON if runs_on else "")
        values = {
            "RESULT": str(result),
            "JOB": group,
            "KEY": key,
            "GATEWAY": self._gateway.url,
            "FROM_POD": "yes" * from_pod,
        }
        env: list[apis.Object] = [*_OF_POD, *({"name": name, "value": value} for name, value in values.items())]
        return objects.python(script, env=env)

    def delete(self, name: str, *, namespace: str | None = None) -> None:
        """Delete a Job as kubectl does, and wait until it is gone."""
        where = namespace or self.namespace
        self._cluster.api.delete("jobs", name, namespace=where)
        waiting.eventually(
            lambda: self._cluster.api.find("jobs", name, namespace=where) is None, why=f"Job {name} to be gone"
        )

    def ended(self, name: str, *, namespace: str | None = None) -> str:
        """Wait until a Job has ended and return how."""
        return self._cluster.wait_for_end(name, namespace=namespace or self.namespace)

    def newly_ended(self, names: Set[str]) -> list[str]:
        """Those of these Jobs that have ended by now."""
        jobs = self._cluster.api.list("jobs", namespace=self.namespace)
        return [job["metadata"]["name"] for job in jobs if job["metadata"]["name"] in names and objects.ending(job)]
