"""The recipes in shell, for cron and for CI, run as documented, and the groups that the gateway has afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml

from tests.support.cli import protected_gateway
from tests.support.docs import documented_recipes, recipe_programs
from tests.support.gateway import gateway_client
from tests.support.processes import tidegate_processes

SUCCESS, DURATION = recipe_programs.SUCCESS, recipe_programs.DURATION
TIDEGATE_PUSH, CURL = (
    pytest.param(each, id=each.__name__) for each in (recipe_programs.tidegate_push, recipe_programs.curl)
)
each_script = pytest.mark.parametrize("command", [TIDEGATE_PUSH, CURL], indirect=True)


@each_script
def test_script_exits_with_and_pushes_the_status_of_its_command(
    command: recipe_programs.Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    status, _ = recipe_programs.run([*command[:2], "sh", "-c", "exit 9"], gateway, directory=files)
    assert status == 9
    assert recipe_programs.values(gateway)["backup_exit_status"] == 9


@pytest.mark.parametrize("command", [TIDEGATE_PUSH], indirect=True)
def test_script_with_a_rejected_push_exits_with_the_status_of_its_command(
    command: recipe_programs.Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    recipe_programs.cause_rejection(gateway)
    status, output = recipe_programs.run(command, gateway, directory=files)
    assert (status, output.splitlines()[-1]) == (0, "not pushed")


@pytest.mark.parametrize("missing", ["PUSH_TO", "NAMESPACE"])
@each_script
def test_script_reports_a_missing_variable_before_it_runs_the_command(
    command: recipe_programs.Command, missing: str, tmp_path: Path
) -> None:
    told = {"PATH": recipe_programs.PATH, "PUSH_TO": "http://127.0.0.1:1", "NAMESPACE": "prod"}
    del told[missing]
    ran = subprocess.run(
        [*command[:2], "touch", "here"], env=told, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert missing in ran.stderr
    assert not (tmp_path / "here").exists()


@each_script
def test_script_that_gets_sigterm_pushes_after_its_command_has_ended(
    command: recipe_programs.Command, gateway: tidegate_processes.Gateway, files: Path
) -> None:
    pipe = files / "pipe"
    os.mkfifo(pipe)
    with recipe_programs.started([*command[:2], "cat", str(pipe)], gateway, directory=files) as process:
        with pipe.open("w"):  # when it is read from
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=recipe_programs.SECONDS) == 143
    assert recipe_programs.values(gateway).keys() == {DURATION, "backup_exit_status"}
    assert recipe_programs.values(gateway)["backup_exit_status"] == 143


def test_crontab_line_pushes_to_a_group_with_a_ttl(gateway: tidegate_processes.Gateway, tmp_path: Path) -> None:
    variable, line = documented_recipes.block("Outside Kubernetes: cron", "crontab").splitlines()
    *_, line_command = line.split(maxsplit=5)
    (tmp_path / "backup").write_text("#!/bin/sh\n")
    (tmp_path / "backup").chmod(0o755)
    name, _, _ = variable.partition("=")
    environment = {"PATH": f"{tmp_path}:{recipe_programs.PATH}", name: gateway.url}
    # cron turns an escaped percent sign into a plain one.
    subprocess.run(
        ["sh", "-c", line_command.replace(r"\%", "%")], env=environment, timeout=recipe_programs.SECONDS, check=True
    )
    assert recipe_programs.values(gateway, 'host="db1",instance="",job="backup"').keys() == {SUCCESS}
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
            *("bash", "-e", "-c", step["run"]),
            env={"PATH": recipe_programs.PATH, **gate.trusted, **given},
            cwd=tmp_path,
        )
        assert await process.wait() == 0
        group = gate.gateway.store.group(gateway_client.key(job="ci", repository="shop"))
        assert group is not None
        assert {name for name in group.families if not name.startswith("push_")} == names
