"""The recipes, run as documented, and the groups that the gateway has afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from tests.support import requirements, waiting
from tests.support.cli import protected_gateway
from tests.support.docs import documented_recipes
from tests.support.gateway import gateway_client
from tests.support.processes import tidegate_processes
from tests.support.programs import binaries, java_runtime

_SECONDS = 60
_INCONSISTENT = 'tidegate_pushes_total{result="inconsistent"}'
_OUR_PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
_SUCCESS, _DURATION = "backup_last_success_timestamp_seconds", "backup_duration_seconds"
Command = Sequence[str]


def _python(folder: Path) -> Command:
    script = folder / "backup.py"
    script.write_text(documented_recipes.block("Python", "python"))
    return [sys.executable, str(script)]


def _go(folder: Path) -> Command:
    source = folder / "main.go"
    source.write_text(documented_recipes.block("Go", "go"))
    binaries.build_file(source, module="pushclient", program=folder / "backup")
    return [str(folder / "backup")]


def _java(folder: Path) -> Command:
    return requirements.require(
        lambda: java_runtime.compiled(
            documented_recipes.block("Java", "java"), coordinates=documented_recipes.coordinates(), folder=folder
        )
    )


def _script(folder: Path, *, number: int) -> Command:
    """The command of a script; it uses the same folder as the other recipes."""
    script = folder / "push-result"
    script.write_text(documented_recipes.block("Shell", "sh", number=number))
    return ["sh", str(script), "sh", "-c", 'ls "$DIRECTORY"']


def _tidegate_push(folder: Path) -> Command:
    return _script(folder, number=0)


def _curl(folder: Path) -> Command:
    return _script(folder, number=1)


PYTHON, JAVA = (pytest.param(each, id=each.__name__.strip("_")) for each in (_python, _java))
GO = pytest.param(_go, id="go")
SCRIPTS = TIDEGATE_PUSH, CURL = (pytest.param(_tidegate_push, id="tidegate-push"), pytest.param(_curl, id="curl"))


@pytest.fixture(scope="module", params=[PYTHON, GO, JAVA, *SCRIPTS])
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A recipe as a command."""
    made: Command = request.param(tmp_path_factory.mktemp("recipe"))
    return made


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tidegate_processes.Gateway]:
    with tidegate_processes.serving(tmp_path) as running:
        yield running


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder to back up, with three files."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in "abc":
        (folder / name).touch()
    return folder


@contextlib.contextmanager
def _started(
    command: Command, gateway: tidegate_processes.Gateway, *, directory: Path, more: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    environment = {"PATH": _OUR_PATH, "PUSH_TO": gateway.url, "NAMESPACE": "prod", "DIRECTORY": str(directory)}
    with subprocess.Popen(
        command, env={**environment, **(more or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _run(command: Command, gateway: tidegate_processes.Gateway, *, directory: Path) -> tuple[int, str]:
    """Run the command; return its exit status and its standard error."""
    with _started(command, gateway, directory=directory) as process:
        _, output = process.communicate(timeout=_SECONDS)
        return process.returncode, output


def _values(
    gateway: tidegate_processes.Gateway, labels: str = 'instance="",job="backup",namespace="prod"'
) -> dict[str, float]:
    """The values of the group with these labels, by the names of their metrics."""
    found = re.findall(rf"^(\w+){{{re.escape(labels)}}} (\S+)$", gateway.exposition(), re.MULTILINE)
    return {name: float(value) for name, value in found if not name.startswith("push_")}


def test_successful_run_pushes_its_duration_and_success(
    command: Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    began = int(time.time())
    status, _ = _run(command, gateway, directory=files)
    assert status == 0
    pushed = _values(gateway)
    assert 0 <= pushed[_DURATION] < _SECONDS
    assert began <= pushed[_SUCCESS] <= time.time()
    told = {name: pushed[name] for name in pushed.keys() - {_DURATION, _SUCCESS}}
    assert told in ({"backup_files": 3}, {"backup_exit_status": 0})


def test_failed_run_fails_and_keeps_the_time_of_the_last_success(
    command: Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    gateway.push("job/backup/namespace/prod", f"{_SUCCESS} 7\n{_DURATION} -1\n")
    status, _ = _run(command, gateway, directory=files / "missing")
    assert status > 0
    pushed = _values(gateway)
    assert pushed[_SUCCESS] == 7
    assert pushed[_DURATION] >= 0


def test_failed_first_run_pushes_no_success(command: Command, gateway: tidegate_processes.Gateway, files: Path) -> None:
    status, _ = _run(command, gateway, directory=files / "missing")
    assert status > 0
    assert _values(gateway).keys() - {"backup_exit_status"} == {_DURATION}


def test_push_is_retried_until_the_gateway_is_back(command: Command, files: Path, tmp_path: Path) -> None:
    gateway = tidegate_processes.Gateway(tmp_path)
    with contextlib.ExitStack() as stack:
        stack.callback(gateway.process.stop)
        with socket.create_server((tidegate_processes.HOST, gateway.port)) as closing:
            closing.settimeout(_SECONDS)
            process = stack.enter_context(_started(command, gateway, directory=files))
            closing.accept()[0].close()
        gateway.start()
        assert process.wait(timeout=_SECONDS) == 0
        assert _SUCCESS in _values(gateway)


def _cause_rejection(gateway: tidegate_processes.Gateway) -> None:
    """Make every recipe's push inconsistent by pushing its metric name with another type first."""
    gateway.push("job/other", f"# TYPE {_DURATION} counter\n{_DURATION} 1\n")


@pytest.mark.parametrize("command", [PYTHON, TIDEGATE_PUSH], indirect=True)
def test_recipe_that_checks_the_status_does_not_retry_a_rejected_push(
    command: Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    _cause_rejection(gateway)
    _, output = _run(command, gateway, directory=files)
    assert "400" in output
    assert _DURATION in output
    assert gateway.metric(_INCONSISTENT) == 1


@pytest.mark.parametrize("command", [GO, JAVA, CURL], indirect=True)
def test_recipe_that_does_not_check_the_status_retries_a_rejected_push(
    command: Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    _cause_rejection(gateway)
    with _started(command, gateway, directory=files) as process:
        waiting.eventually(lambda: gateway.metric(_INCONSISTENT) >= 2, why="another try")
        assert process.poll() is None


@pytest.mark.parametrize("command", SCRIPTS, indirect=True)
def test_script_exits_with_and_pushes_the_status_of_its_command(
    command: Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    status, _ = _run([*command[:2], "sh", "-c", "exit 9"], gateway, directory=files)
    assert status == 9
    assert _values(gateway)["backup_exit_status"] == 9


@pytest.mark.parametrize("command", [TIDEGATE_PUSH], indirect=True)
def test_script_with_a_rejected_push_exits_with_the_status_of_its_command(
    command: Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    _cause_rejection(gateway)
    status, output = _run(command, gateway, directory=files)
    assert (status, output.splitlines()[-1]) == (0, "not pushed")


@pytest.mark.parametrize("missing", ["PUSH_TO", "NAMESPACE"])
@pytest.mark.parametrize("command", SCRIPTS, indirect=True)
def test_script_reports_a_missing_variable_before_it_runs_the_command(
    command: Command, missing: str, tmp_path: Path
) -> None:
    told = {"PATH": _OUR_PATH, "PUSH_TO": "http://127.0.0.1:1", "NAMESPACE": "prod"}
    del told[missing]
    ran = subprocess.run(
        [*command[:2], "touch", "here"], env=told, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert missing in ran.stderr
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("command", SCRIPTS, indirect=True)
def test_script_that_gets_sigterm_pushes_after_its_command_has_ended(
    command: Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    pipe = files / "pipe"
    os.mkfifo(pipe)
    with _started([*command[:2], "cat", str(pipe)], gateway, directory=files) as process:
        with pipe.open("w"):  # when it is read from
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=_SECONDS) == 143
    assert _values(gateway).keys() == {_DURATION, "backup_exit_status"}
    assert _values(gateway)["backup_exit_status"] == 143


def test_crontab_line_pushes_to_a_group_with_a_ttl(gateway: tidegate_processes.Gateway, tmp_path: Path) -> None:
    variable, line = documented_recipes.block("Outside Kubernetes: cron", "crontab").splitlines()
    *_, line_command = line.split(maxsplit=5)
    (tmp_path / "backup").write_text("#!/bin/sh\n")
    (tmp_path / "backup").chmod(0o755)
    name, _, _ = variable.partition("=")
    environment = {"PATH": f"{tmp_path}:{_OUR_PATH}", name: gateway.url}
    # cron turns an escaped percent sign into a plain one.
    subprocess.run(["sh", "-c", line_command.replace(r"\%", "%")], env=environment, timeout=_SECONDS, check=True)
    assert _values(gateway, 'host="db1",instance="",job="backup"').keys() == {_SUCCESS}
    with urllib.request.urlopen(f"{gateway.url}/api/v1/groups") as answer:
        [group] = json.load(answer)["data"]["groups"]
    assert group["ttl_ends"] - group["push_time"] == pytest.approx(50 * 3600, abs=1)


@pytest.mark.parametrize(
    ("status", "names"),
    [
        ("success", {"ci_last_run_timestamp_seconds", "ci_last_success_timestamp_seconds"}),
        ("failure", {"ci_last_run_timestamp_seconds"}),
    ],
)
async def test_workflow_step_pushes_over_tls_with_a_password(tmp_path: Path, status: str, names: set[str]) -> None:
    [step] = yaml.safe_load(documented_recipes.block("CI", "yaml"))
    async with protected_gateway.opened(tmp_path) as gate:
        given = {"PUSH_TO": gate.url(user=""), "PUSH_LOGIN": "job:s/x", "REPOSITORY": "shop", "STATUS": status}
        assert given.keys() == step["env"].keys()
        # The same shell options as in a GitHub workflow.
        process = await asyncio.create_subprocess_exec(
            *("bash", "-e", "-c", step["run"]), env={"PATH": _OUR_PATH, **gate.trusted, **given}, cwd=tmp_path
        )
        assert await process.wait() == 0
        group = gate.gateway.store.group(gateway_client.key(job="ci", repository="shop"))
        assert group is not None
        assert {name for name in group.families if not name.startswith("push_")} == names
