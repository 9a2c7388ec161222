"""Messages that docs/troubleshooting.md and docs/operations.md quote: tests provoke each one."""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support import repository
from tests.support.cli import command_runs
from tests.support.docs import documented_messages, markdown_documents, transcripts
from tests.support.gateway import rejected_requests
from tests.support.processes import managed_processes, ports, tidegate_processes
from tidegate.store.sqlite import database_file

_JSON = "--log.format=json"
_FULL_BYTES = 256 * 1024
_LARGE = "".join(f"m{number} 1\n" for number in range(500))


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
        documented_messages.wait_until_logged(gateway.process, "restored …", first="1 group")


def test_damaged_file_logs_the_documented_message(tmp_path: Path) -> None:
    (tmp_path / "groups").write_bytes(b"rubbish" * 1_000)
    with _serving(tmp_path, _file(tmp_path)) as gateway:
        documented_messages.wait_until_logged(gateway.process, "is damaged")
    assert len(list(tmp_path.glob("groups.damaged-*"))) == 1


def test_full_disk_and_its_recovery_log_the_documented_messages(tmp_path: Path) -> None:
    with _serving(tmp_path, _file(tmp_path)) as gateway:
        for number in range(50):
            gateway.push(f"job/kept/n/{number}", _LARGE)
        # The limit stops large files, such as the database, but not the small log.
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (_FULL_BYTES, resource.RLIM_INFINITY))
        with rejected_requests.expected(507):
            gateway.push("job/a", _LARGE)
        documented_messages.wait_until_logged(gateway.process, "rejecting pushes and deletions with 507")
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        documented_messages.wait_until_logged(gateway.process, "can be written again")


def test_drain_timeout_logs_the_documented_message(tmp_path: Path) -> None:
    with _serving(tmp_path, "--push.ttl-drain-timeout=1s") as gateway:
        gateway.push("job/a?ttl=1s", "m 1\n")
        documented_messages.wait_until_logged(gateway.process, "after its drain timeout")


def test_file_open_in_another_process_logs_the_documented_message(tmp_path: Path) -> None:
    with _serving(tmp_path, _file(tmp_path)):
        ran = transcripts.run(f"tidegate gateway --web.listen-address=127.0.0.1:0 {_file(tmp_path)} 2>&1")
    assert transcripts.fits(f"tidegate: {documented_messages.logged('another process has')}", ran)


def test_gateway_without_a_control_api_logs_the_documented_message(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "tidegate", "gateway", "--web.listen-address=127.0.0.1:0", _JSON]
    gateway = managed_processes.Process("gateway", argv=argv, log=tmp_path / "gateway.log", cwd=repository.ROOT)
    gateway.start()
    try:
        documented_messages.wait_until_logged(gateway, "control API disabled")
    finally:
        gateway.stop()


def test_operator_without_a_token_file_logs_the_documented_reason(tmp_path: Path) -> None:
    gateway = tidegate_processes.Gateway(tmp_path)
    _expect_watch_failure(tmp_path, gateway, "does not exist yet")


def test_operator_with_a_wrong_token_logs_the_documented_reason(tmp_path: Path) -> None:
    with _serving(tmp_path) as gateway:
        another = _write_token(tmp_path / "another")
        _expect_watch_failure(tmp_path, gateway, "the control API needs", f"--control.token-file={another}")


def test_operator_without_a_gateway_logs_the_documented_reason(tmp_path: Path) -> None:
    gateway = tidegate_processes.Gateway(tmp_path)
    _write_token(gateway.token_file)
    _expect_watch_failure(tmp_path, gateway, "is the gateway up?")


def _expect_watch_failure(folder: Path, gateway: tidegate_processes.Gateway, reason: str, *arguments: str) -> None:
    """Run an operator until it logs the message with the only documented reason that contains this text."""
    spans = documented_messages.spans("## The operator cannot reach the gateway")
    [documented] = [each for each in spans if reason in each]
    operator = tidegate_processes.Operator(
        folder, gateway=gateway, kubeconfig=_kubeconfig(folder), arguments=(_JSON, *arguments)
    ).process
    operator.start()
    try:
        first = f"{documented}{transcripts.ANYTHING}"
        documented_messages.wait_until_logged(operator, "the watch on the gateway failed", first=first)
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


def _write_token(path: Path) -> Path:
    """A valid token that no gateway has created."""
    path.write_text("x" * 43)
    path.chmod(0o600)
    return path


async def test_file_of_a_newer_version_stops_the_gateway_with_the_documented_message(tmp_path: Path) -> None:
    path = tmp_path / "groups"
    connection, _ = database_file.open_file(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    ran = await command_runs.run("gateway", "--web.listen-address=127.0.0.1:0", f"--persistence.file={path}")
    blocks = markdown_documents.blocks((repository.DOCS / "operations.md").read_text(), "log")
    [shown] = [line for line in "".join(blocks).splitlines() if "newer tidegate" in line]
    assert ran.status == 1
    assert transcripts.fits(f"tidegate: {shown}", ran.err.strip())
    assert path.read_bytes() == before
