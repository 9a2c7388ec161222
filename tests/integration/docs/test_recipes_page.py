"""The recipes, run as documented, and the groups that the gateway has afterwards."""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.docs import recipe_programs
from tests.support.processes import tidegate_processes

SUCCESS, DURATION = recipe_programs.SUCCESS, recipe_programs.DURATION
_INCONSISTENT = 'tidegate_pushes_total{result="inconsistent"}'
PYTHON, GO, TIDEGATE_PUSH, CURL = (
    pytest.param(each, id=each.__name__)
    for each in (recipe_programs.python, recipe_programs.go, recipe_programs.tidegate_push, recipe_programs.curl)
)
JAVA = pytest.param(recipe_programs.java, id="java")
JAVA_LONG = pytest.param(recipe_programs.java, id="java", marks=pytest.mark.long)
"""A virtual machine starts slowly: one test runs in ``make test``, the others in ``make test-long``."""

OTHERS = PYTHON, GO, TIDEGATE_PUSH, CURL
each_recipe = pytest.mark.parametrize("command", [*OTHERS, JAVA_LONG], indirect=True)


@pytest.mark.parametrize("command", [*OTHERS, JAVA], indirect=True)
def test_successful_run_pushes_its_duration_and_success(
    command: recipe_programs.Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    began = int(time.time())
    status, _ = recipe_programs.run(command, gateway, directory=files)
    assert status == 0
    pushed = recipe_programs.values(gateway)
    assert 0 <= pushed[DURATION] < recipe_programs.SECONDS
    assert began <= pushed[SUCCESS] <= time.time()
    told = {name: pushed[name] for name in pushed.keys() - {DURATION, SUCCESS}}
    assert told in ({"backup_files": 3}, {"backup_exit_status": 0})


@each_recipe
def test_failed_run_fails_and_keeps_the_time_of_the_last_success(
    command: recipe_programs.Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    gateway.push("job/backup/namespace/prod", f"{SUCCESS} 7\n{DURATION} -1\n")
    status, _ = recipe_programs.run(command, gateway, directory=files / "missing")
    assert status > 0
    pushed = recipe_programs.values(gateway)
    assert pushed[SUCCESS] == 7
    assert pushed[DURATION] >= 0


@each_recipe
def test_failed_first_run_pushes_no_success(
    command: recipe_programs.Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    status, _ = recipe_programs.run(command, gateway, directory=files / "missing")
    assert status > 0
    assert recipe_programs.values(gateway).keys() - {"backup_exit_status"} == {DURATION}


@each_recipe
def test_push_is_retried_until_the_gateway_is_back(
    command: recipe_programs.Command, files: Path, tmp_path: Path
) -> None:
    gateway = tidegate_processes.Gateway(tmp_path)
    with contextlib.ExitStack() as stack:
        stack.callback(gateway.process.stop)
        with socket.create_server((tidegate_processes.HOST, gateway.port)) as closing:
            closing.settimeout(recipe_programs.SECONDS)
            process = stack.enter_context(recipe_programs.started(command, gateway, directory=files))
            closing.accept()[0].close()
        gateway.start()
        assert process.wait(timeout=recipe_programs.SECONDS) == 0
        assert SUCCESS in recipe_programs.values(gateway)


@pytest.mark.parametrize("command", [PYTHON, TIDEGATE_PUSH], indirect=True)
def test_recipe_that_checks_the_status_does_not_retry_a_rejected_push(
    command: recipe_programs.Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    recipe_programs.cause_rejection(gateway)
    before = gateway.metric(_INCONSISTENT)
    _, output = recipe_programs.run(command, gateway, directory=files)
    assert "400" in output
    assert DURATION in output
    assert gateway.metric(_INCONSISTENT) == before + 1


@pytest.mark.parametrize("command", [GO, JAVA_LONG, CURL], indirect=True)
def test_recipe_that_does_not_check_the_status_retries_a_rejected_push(
    command: recipe_programs.Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    recipe_programs.cause_rejection(gateway)
    before = gateway.metric(_INCONSISTENT)
    with recipe_programs.started(command, gateway, directory=files) as process:
        waiting.eventually(lambda: gateway.metric(_INCONSISTENT) >= before + 2, why="another try")
        assert process.poll() is None
