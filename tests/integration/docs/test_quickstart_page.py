"""The commands of docs/quickstart.md on a laptop work and print the documented output."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import repository, waiting
from tests.support.docs import markdown_documents, transcripts
from tests.support.processes import managed_processes, ports, tidegate_processes
from tests.support.prometheus import promtool

PATH = repository.DOCS / "quickstart.md"
LAPTOP = markdown_documents.section(PATH.read_text(), "## On a laptop")
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
        "gateway", argv=[_tidegate(), *arguments], log=tmp_path / "gateway.log", cwd=repository.ROOT
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


async def test_promtool_accepts_the_prometheus_configuration(tmp_path: Path) -> None:
    [config] = markdown_documents.yaml_blocks(PATH)
    (tmp_path / "prometheus.yml").write_text(config)
    await promtool.check("check", "config", tmp_path / "prometheus.yml")
