"""Messages that docs/troubleshooting.md quotes: tests provoke each one and compare the log with the page."""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support import waiting
from tests.support.docs import markdown_documents, transcripts
from tests.support.gateway import rejected_requests
from tests.support.kubernetes import clusters
from tests.support.processes import managed_processes, ports, tidegate_processes

PAGE = (markdown_documents.ROOT / "docs" / "troubleshooting.md").read_text()
SHOWN = "".join(markdown_documents.blocks(PAGE, "log")).splitlines()
_JSON = "--log.format=json"
_FULL_BYTES = 256 * 1024
_LARGE = "".join(f"m{number} 1\n" for number in range(500))


def _shown(holds: str) -> str:
    """The only message on the page that contains this text."""
    [found] = [message for message in SHOWN if holds in message]
    return found


def _eventually_logged(process: managed_processes.Process, message: str) -> str:
    """Wait until the process has logged this message; return the whole message."""

    def look() -> str:
        lines = [json.loads(line) for line in process.log.read_text().splitlines() if line.startswith("{")]
        logged = (" ".join(str(line["msg"]).splitlines()) for line in lines)
        return next((each for each in logged if transcripts.fits(message, each)), "")

    return waiting.eventually(look, why=repr(message))


@contextlib.contextmanager
def _serving(folder: Path, *arguments: str) -> Iterator[tidegate_processes.Gateway]:
    with tidegate_processes.serving(folder, arguments=(_JSON, *arguments)) as gateway:
        yield gateway


def _file(folder: Path) -> str:
    return f"--persistence.file={folder / 'groups'}"


def test_restore_logs_the_documented_message(tmp_path: Path) -> None:
    with _serving(tmp_path, _file(tmp_path)) as gateway:
        gateway.push("job/a", "m 1\n")
    with _serving(tmp_path, _file(tmp_path)) as gateway:
        _eventually_logged(gateway.process, _shown("restored …").replace(transcripts.ANYTHING, "1 group", 1))


def test_damaged_file_logs_the_documented_message(tmp_path: Path) -> None:
    (tmp_path / "groups").write_bytes(b"rubbish" * 1_000)
    with _serving(tmp_path, _file(tmp_path)) as gateway:
        _eventually_logged(gateway.process, _shown("is damaged"))
    assert len(list(tmp_path.glob("groups.damaged-*"))) == 1


def test_full_disk_and_its_recovery_log_the_documented_messages(tmp_path: Path) -> None:
    with _serving(tmp_path, _file(tmp_path)) as gateway:
        for number in range(50):
            gateway.push(f"job/kept/n/{number}", _LARGE)
        # The limit stops large files, such as the database, but not the small log.
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (_FULL_BYTES, resource.RLIM_INFINITY))
        with rejected_requests.expected(507):
            gateway.push("job/a", _LARGE)
        _eventually_logged(gateway.process, _shown("rejecting pushes and deletions with 507"))
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        _eventually_logged(gateway.process, _shown("can be written again"))


def test_drain_timeout_logs_the_documented_message(tmp_path: Path) -> None:
    with _serving(tmp_path, "--push.ttl-drain-timeout=1s") as gateway:
        gateway.push("job/a?ttl=1s", "m 1\n")
        _eventually_logged(gateway.process, _shown("after its drain timeout"))


def test_file_open_in_another_process_logs_the_documented_message(tmp_path: Path) -> None:
    with _serving(tmp_path, _file(tmp_path)):
        ran = transcripts.run(f"tidegate gateway --web.listen-address=127.0.0.1:0 {_file(tmp_path)} 2>&1")
    assert transcripts.fits(f"tidegate: {_shown('another process has')}", ran)


def test_gateway_without_a_control_api_logs_the_documented_message(tmp_path: Path) -> None:
    gateway = _process("gateway", "--web.listen-address=127.0.0.1:0", log=tmp_path / "gateway.log")
    gateway.start()
    try:
        _eventually_logged(gateway, _shown("control API disabled"))
    finally:
        gateway.stop()


def _process(*arguments: str, log: Path) -> managed_processes.Process:
    """Start the command with a log that the test can read."""
    argv = [sys.executable, "-m", "tidegate", *arguments, _JSON]
    return managed_processes.Process(arguments[0], argv=argv, log=log, cwd=markdown_documents.ROOT)


@contextlib.contextmanager
def _operating(folder: Path, *arguments: str, kubeconfig: Path | None = None) -> Iterator[managed_processes.Process]:
    """An operator without a reachable API server, unless a kubeconfig points to one."""
    operator = _process(
        "operator",
        f"--operator.listen-address=127.0.0.1:{ports.free_port()}",
        f"--kubernetes.kubeconfig={kubeconfig or _kubeconfig(folder)}",
        *arguments,
        log=folder / "operator.log",
    )
    operator.start()
    try:
        yield operator
    finally:
        operator.stop()


def _kubeconfig(folder: Path) -> Path:
    """A kubeconfig for an address on which no server listens."""
    path = folder / "kubeconfig"
    cluster = {"name": "it", "cluster": {"server": f"http://127.0.0.1:{ports.free_port()}"}}
    context = {"name": "it", "context": {"cluster": "it", "user": "it"}}
    made = {
        "clusters": [cluster],
        "contexts": [context],
        "users": [{"name": "it", "user": {}}],
        "current-context": "it",
    }
    path.write_text(json.dumps(made))
    return path


def _token(folder: Path) -> Path:
    """A token that no gateway has created."""
    token = folder / "another"
    token.write_text("x" * 43)
    token.chmod(0o600)
    return token


def test_operator_without_a_token_file_logs_the_documented_message(tmp_path: Path) -> None:
    with _operating(tmp_path, f"--control.token-file={tmp_path / 'none'}") as operator:
        logged = _eventually_logged(operator, _shown("the watch on the gateway failed"))
    assert "does not exist yet: a gateway with the same flag creates it when it starts" in logged


def test_operator_with_a_wrong_token_logs_the_documented_message(tmp_path: Path) -> None:
    token = _token(tmp_path)
    with (
        _serving(tmp_path) as gateway,
        _operating(tmp_path, f"--control.token-file={token}", f"--gateway.url={gateway.control_url}") as operator,
    ):
        logged = _eventually_logged(operator, _shown("the watch on the gateway failed"))
    assert "401 Unauthorized: the control API needs the token of --control.token-file" in logged


def test_operator_without_a_gateway_logs_the_documented_message(tmp_path: Path) -> None:
    token = _token(tmp_path)
    url = f"--gateway.url=http://127.0.0.1:{ports.free_port()}"
    with _operating(tmp_path, f"--control.token-file={token}", url) as operator:
        logged = _eventually_logged(operator, _shown("the watch on the gateway failed"))
    assert "; is the gateway up?; " in logged


def test_operator_without_rights_logs_the_documented_message(
    cluster: clusters.Cluster, namespace: str, tmp_path: Path
) -> None:
    nobody = cluster.control_plane.kubeconfig_for("default", namespace=namespace, seconds=600)
    with (
        _serving(tmp_path) as gateway,
        _operating(
            tmp_path,
            f"--control.token-file={gateway.token_file}",
            f"--gateway.url={gateway.control_url}",
            kubeconfig=nobody,
        ) as operator,
    ):
        _eventually_logged(operator, _shown("grant this permission to the operator's service account"))
