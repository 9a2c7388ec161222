"""The steps of a test's pods, written as text such as ``push 1; await /tmp/gate; push 2; exit 3``.

``push VALUE`` pushes ``job_result`` with the official Python client to the address in the environment;
``add NAME`` adds a metric of this name to the group; ``repeat VALUE`` pushes repeatedly; ``touch FILE`` creates a file;
``await FILE`` waits until the file exists; ``sigterm`` waits until Kubernetes asks the pod to terminate (without this
step the pod then ends immediately); ``rest`` runs until the pod is deleted; ``exit CODE`` exits. After the last step
comes ``exit 0``.
"""

from collections.abc import Mapping

from tests.support.kubernetes import admin_client, kubernetes_objects

SCRIPT = """
import http.client, os, pathlib, signal, sys, threading
import prometheus_client

def from_own_address(url, method, timeout, headers, data):
    def send():
        host, path = url.removeprefix("http://").split("/", 1)
        connection = http.client.HTTPConnection(host, timeout=timeout, source_address=(os.environ["POD_IP"], 0))
        connection.request(method, "/" + path, data, dict(headers))
        if connection.getresponse().status >= 400:
            sys.exit("the push was refused")
    return send

handler = from_own_address if os.environ["POD_IP"] else prometheus_client.exposition.default_handler

def push(value, name="job_result", send=prometheus_client.push_to_gateway):
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Gauge(name, "What the Job computed.", registry=registry).set(float(value))
    key = dict(pair.split("=", 1) for pair in os.environ["KEY"].split(",") if pair)
    send(
        os.environ["GATEWAY"], job=os.environ["JOB"], grouping_key=key, registry=registry, timeout=20,
        handler=handler)

def repeat(value):
    while True:
        push(value)
        threading.Event().wait(0.2)

def until(look):
    while not look():
        threading.Event().wait(0.05)

sigterm = threading.Event()
part = os.environ.get("PART_" + os.environ["INDEX"]) or os.environ["PART"]
steps = [step.strip().partition(" ")[::2] for step in part.split(";")]
if ("sigterm", "") in steps:
    signal.signal(signal.SIGTERM, lambda *_: sigterm.set())
for name, what in steps:
    match name:
        case "push": push(what)
        case "add": push(1, what, prometheus_client.pushadd_to_gateway)
        case "repeat": repeat(what)
        case "touch": pathlib.Path(what).touch()
        case "await": until(pathlib.Path(what).exists)
        case "sigterm": until(sigterm.is_set)
        case "rest": until(lambda: False)
        case "exit": sys.exit(int(what))
"""


def container(
    part: str,
    *,
    gateway: str,
    group: str,
    key: str = "",
    by_index: Mapping[int, str] | None = None,
    name: str = "main",
    from_pod: bool = False,
) -> admin_client.Object:
    """A container that executes these steps; another pod of an Indexed Job executes those in ``by_index``.

    :param gateway: URL to push to.
    :param group: ``job`` label of its pushes. In the label and in the key, ``$(POD)`` is the pod's name, ``$(RUN)`` its
        Job's, ``$(INDEX)`` its index.
    :param from_pod: whether pushes come from the pod's own address instead of the machine's, as through a proxy.
    """
    others = {f"PART_{index}": other for index, other in (by_index or {}).items()}
    values = {"PART": part, **others, "JOB": group, "KEY": key, "GATEWAY": gateway}
    env: list[admin_client.Object] = [
        _field("POD", "metadata.name"),
        _field("RUN", "metadata.labels['batch.kubernetes.io/job-name']"),
        _field("INDEX", "metadata.labels['batch.kubernetes.io/job-completion-index']"),
        _field("POD_IP", "status.podIP") if from_pod else {"name": "POD_IP", "value": ""},
        *({"name": variable, "value": value} for variable, value in values.items()),
    ]
    return kubernetes_objects.python(SCRIPT, env=env, name=name)


def _field(name: str, path: str) -> admin_client.Object:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
