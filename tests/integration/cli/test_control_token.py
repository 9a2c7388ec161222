"""The token of the control API: the flags that set it, and the errors without it."""

from __future__ import annotations

import contextlib
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.processes import managed_processes, ports, tidegate_processes
from tidegate.cli import root

HOST = tidegate_processes.HOST


def _error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert root.main(arguments) == 1
    written = capsys.readouterr().err
    assert written.startswith("tidegate: ")
    assert written.count("\n") == 1
    return written


def test_an_operator_without_the_token_file_reports_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert "the operator needs --control.token-file; set it to the same file as the gateway" in _error(
        capsys, "operator"
    )


def test_an_operator_does_not_send_the_token_to_another_machine(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["operator", "--control.token-file=token", "--gateway.url=http://192.0.2.1:9092"]
    assert "--gateway.url must be http://127.0.0.1:PORT" in _error(capsys, *arguments)


def test_a_gateway_does_not_open_the_control_api_on_other_addresses_than_loopback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = _error(capsys, "gateway", "--control.listen-address=:9092", f"--web.listen-address={HOST}:0")
    assert "--control.listen-address :9092 is not a loopback address" in error


def test_the_status_shows_the_token_file_and_not_the_token(tmp_path: Path) -> None:
    with (
        tidegate_processes.serving(tmp_path) as gateway,
        urllib.request.urlopen(f"{gateway.url}/api/v1/status") as answer,
    ):
        status = answer.read().decode()
    assert f'"control.token-file": "{gateway.token_file}"' in status
    assert gateway.token_file.read_text().strip() not in status


@contextlib.contextmanager
def _running(folder: Path, *arguments: str) -> Iterator[tuple[int, int]]:
    """Start ``tidegate run`` without an API server; yields the ports of the gateway and the operator."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(
        f'{{"current-context": "a", "contexts": [{{"name": "a", "context": {{"cluster": "a", "user": "a"}}}}], '
        f'"clusters": [{{"name": "a", "cluster": {{"server": "http://{HOST}:{ports.free_port()}"}}}}], '
        f'"users": [{{"name": "a", "user": {{}}}}]}}'
    )
    web, control, operator = (ports.free_port() for _ in range(3))
    flags = {
        "web.listen-address": f"{HOST}:{web}",
        "control.listen-address": f"{HOST}:{control}",
        "operator.listen-address": f"{HOST}:{operator}",
        "kubernetes.kubeconfig": kubeconfig,
    }
    argv = [
        sys.executable,
        "-m",
        "tidegate",
        "run",
        *(f"--{name}={value}" for name, value in flags.items()),
        *arguments,
    ]
    process = managed_processes.Process("run", argv=argv, log=folder / "run.log")
    process.start()
    try:
        yield web, operator
    finally:
        process.stop()


@pytest.mark.parametrize("in_file", [False, True], ids=["in memory", "in a file"])
def test_gateway_and_operator_in_one_process_share_a_token(tmp_path: Path, in_file: bool) -> None:
    file = tmp_path / "token"
    with _running(tmp_path, *([f"--control.token-file={file}"] if in_file else [])) as (web, operator):

        def follows() -> bool:
            push = urllib.request.Request(f"http://{HOST}:{web}/metrics/job/a", data=b"x 1\n", method="PUT")
            urllib.request.urlopen(push, timeout=60).close()
            with urllib.request.urlopen(f"http://{HOST}:{operator}/metrics", timeout=60) as answer:
                return b"\ntidegate_operator_groups 1.0\n" in answer.read()

        waiting.eventually(follows, why="the operator to know the group", retry_on=tidegate_processes.AWAY)
    assert file.exists() == in_file


def test_the_status_shows_an_external_url_without_its_password(tmp_path: Path) -> None:
    arguments = ("--web.external-url=https://alice:secret@host/",)
    with (
        tidegate_processes.serving(tmp_path, arguments=arguments) as gateway,
        urllib.request.urlopen(f"{gateway.url}/api/v1/status") as answer,
    ):
        assert b'"web.external-url": "https://host/"' in answer.read()
