"""The steps of docs/quickstart.md work and print the documented output."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support import waiting
from tests.support.docs import markdown_documents, transcripts
from tests.support.jobs import e2e_environment
from tests.support.kubernetes import clusters
from tests.support.processes import managed_processes, ports, tidegate_processes
from tests.support.programs import binaries

PAGE = (markdown_documents.ROOT / "docs" / "quickstart.md").read_text()
LAPTOP = markdown_documents.section(PAGE, "## On a laptop")
ON_CLUSTER = markdown_documents.section(PAGE, "## On a cluster")
PORT = "9091"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of the gateway that the page's commands start, in place of the documented port."""
    setup, command = transcripts.commands(LAPTOP)
    assert setup == "make setup"
    assert command.count(PORT) == 1
    given = ports.free_port()
    _, *arguments = shlex.split(command.replace(PORT, str(given)))
    gateway = managed_processes.Process(
        "gateway", argv=[_tidegate(), *arguments], log=tmp_path / "gateway.log", cwd=markdown_documents.ROOT
    )
    gateway.start()
    try:
        waiting.eventually(
            lambda: tidegate_processes.responds(gateway, f"http://127.0.0.1:{given}/-/ready"),
            why="the gateway",
            retry_on=tidegate_processes.AWAY,
        )
        yield given
        assert "control API disabled, so no operator can connect" in gateway.tail()
    finally:
        gateway.stop()


def _tidegate() -> Path:
    return Path(sys.executable).parent / "tidegate"


def _url_flags(port: int) -> str:
    return f"--gateway.url=http://127.0.0.1:{port} --operator.url=http://127.0.0.1:{ports.free_port()}"


def test_local_commands_print_the_documented_output(port: int) -> None:
    where = {"TIDEGATE_URL": f"http://127.0.0.1:{port}"}
    for command, shown in transcripts.steps(LAPTOP):
        meant = command.replace(f":{PORT}", f":{port}").replace("groups list", f"groups list {_url_flags(port)}")
        waiting.eventually(
            lambda: transcripts.fits(shown, transcripts.run(meant, environment=where)),  # noqa: B023
            why=f"{shown!r} of `{command}`",
            timeout=10.0,
        )


def test_prometheus_configuration_keeps_the_pushed_labels() -> None:
    [config] = markdown_documents.yaml_blocks(markdown_documents.ROOT / "docs" / "quickstart.md")
    [job] = yaml.safe_load(config)["scrape_configs"]
    assert job["honor_labels"] is True
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{PORT}"]}]


async def test_promtool_accepts_the_prometheus_configuration(tmp_path: Path) -> None:
    [config] = markdown_documents.yaml_blocks(markdown_documents.ROOT / "docs" / "quickstart.md")
    (tmp_path / "prometheus.yml").write_text(config)
    program = (await asyncio.to_thread(binaries.ensure, ["promtool"]))["promtool"]
    checked = await asyncio.create_subprocess_exec(program, "check", "config", tmp_path / "prometheus.yml")
    assert await checked.wait() == 0


def test_linked_section_of_the_readme_exists() -> None:
    assert "README.md#use-it-on-a-cluster" in ON_CLUSTER
    assert "\n## Use it on a cluster\n" in (markdown_documents.ROOT / "README.md").read_text()


def test_documented_events_and_queries_show_the_jobs_cleanup_on_a_cluster(
    cluster: clusters.Cluster, tmp_path: Path
) -> None:
    kubeconfig = tidegate_processes.operator_kubeconfig(cluster)
    example = (markdown_documents.ROOT / "manifests" / "examples" / "job.yaml").read_text()
    [events] = [line for line in transcripts.commands(ON_CLUSTER) if line.startswith("kubectl events ")]
    ended, kept = markdown_documents.blocks(ON_CLUSTER, "promql")[0].splitlines()
    with e2e_environment.opened(cluster, kubeconfig=kubeconfig, folder=tmp_path) as stage:
        made = example.replace("http://tidegate.tidegate:9091", stage.gateway.url)
        cluster.kubectl("apply", "--namespace", stage.namespace, "-f", "-", stdin=made)

        def has_both_events() -> bool:
            output = cluster.kubectl(*shlex.split(events)[1:], "--namespace", stage.namespace)
            return all(reason in output for reason in ("GroupsRetired", "GroupsDeleted"))

        waiting.eventually(has_both_events, why="both Events of the Job", timeout=60.0)
        waiting.eventually(lambda: not stage.server.query(ended), why="the end of the series")
        assert [f"{series.value:.0f}" for series in stage.server.query(kept)] == ["7340032"]
    assert "`7340032`" in ON_CLUSTER


@pytest.mark.parametrize(
    "command", [line for line in transcripts.commands(ON_CLUSTER) if line.startswith("tidegate ")], ids=str
)
def test_command_is_accepted_by_the_parser(command: str, port: int) -> None:
    where = f"--gateway.url=http://127.0.0.1:{port}"
    ran = subprocess.run([_tidegate(), *shlex.split(command)[1:], where], capture_output=True, text=True, check=False)
    assert ran.returncode != 2, ran.stderr
