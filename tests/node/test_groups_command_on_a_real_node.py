"""`tidegate groups` with a real kubelet: through kubectl's port-forward, and through the API server alone."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support import waiting
from tests.support.node import tidegate_installation
from tests.support.processes import ports

_GROUP = "is-asked-about"
_PUSH = f"""
import time
from prometheus_client import CollectorRegistry, Gauge, push_to_gateway
registry = CollectorRegistry()
Gauge("e2e_asked", "While its Job runs.", registry=registry).set(1)
push_to_gateway("{tidegate_installation.GATEWAY}", job="{_GROUP}", registry=registry)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def job(installed: tidegate_installation.Installation) -> Iterator[str]:
    """A Job that has pushed and is still running."""
    name = installed.python("runs-and-is-asked", _PUSH)
    waiting.eventually(lambda: _GROUP in installed.groups(), why="its push", timeout=60.0)
    yield name
    installed.place.kubectl("delete", "job", name, f"--namespace={installed.namespace}")


def test_groups_command_shows_the_owner_through_a_forwarded_port(
    installed: tidegate_installation.Installation, job: str
) -> None:
    gateway, operator = ports.free_port(), ports.free_port()
    with _forwarded(installed, f"{gateway}:9091", f"{operator}:9093"):
        where = (f"--gateway.url=http://127.0.0.1:{gateway}", f"--operator.url=http://127.0.0.1:{operator}")
        _eventually_owned(installed, job, *where)


def test_groups_command_shows_the_owner_through_the_api_server(
    installed: tidegate_installation.Installation, job: str
) -> None:
    _eventually_owned(installed, job, f"--namespace={tidegate_installation.NAMESPACE}")
    _eventually_owned(
        installed, job, f"--namespace={tidegate_installation.NAMESPACE}", f"--pod={tidegate_installation.POD}"
    )


def _eventually_owned(installed: tidegate_installation.Installation, job: str, *where: str) -> None:
    def listed() -> bool:
        lines = _groups(installed, "list", *where).splitlines()
        return any(
            _GROUP in line and f"Job {installed.namespace}/{job}" in line and "address" in line for line in lines
        )

    waiting.eventually(listed, why=f"{_GROUP} to be listed as {job}'s", retry_on=(RuntimeError,))


def _groups(installed: tidegate_installation.Installation, *arguments: str) -> str:
    command = [sys.executable, "-m", "tidegate", "groups", *arguments]
    done = subprocess.run(
        command, env=installed.place.environment, capture_output=True, text=True, timeout=60.0, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


@contextlib.contextmanager
def _forwarded(installed: tidegate_installation.Installation, *forwards: str) -> Iterator[None]:
    command = [
        "kubectl",
        "port-forward",
        f"--namespace={tidegate_installation.NAMESPACE}",
        "service/tidegate",
        *forwards,
    ]
    with subprocess.Popen(command, env=installed.place.environment, stdout=subprocess.DEVNULL) as forwarding:
        try:
            yield
        finally:
            forwarding.terminate()
