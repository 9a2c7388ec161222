"""tidegate's image, built from the Dockerfile: its configuration and files; it runs with all restrictions."""

import re
import stat
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import tidegate
from tests.support import requirements, waiting
from tests.support.images import base_image, image_builds, oci_layout, project_image, restricted_process
from tests.support.processes import managed_processes, ports, tidegate_processes

pytestmark = pytest.mark.timeout(600)

_LIMIT_BYTES = 120_000_000
"""Size limit of the unpacked files on top of the base."""
_FLAGS, _UNCHECKED_HASH = slice(4, 8), b"\x01\0\0\0"
"""Where a bytecode file says how it refers to its source (PEP 552), and the value for a hash instead of a time."""
_IMPORT_ALL = """
import importlib, pkgutil, tidegate
for each in pkgutil.walk_packages(tidegate.__path__, "tidegate."):
    if not each.name.endswith("__main__"):
        importlib.import_module(each.name)
"""


def _archive() -> Path:
    image_builds.need_root()
    return project_image.ensure()


@pytest.fixture(scope="module")
def archive() -> Path:
    return requirements.require(_archive)


@pytest.fixture(scope="module")
def image(archive: Path) -> Iterator[oci_layout.Layout]:
    with oci_layout.unpacked(archive) as layout:
        restricted_process.remove_shells(layout.root)
        yield layout


def test_image_runs_as_a_numeric_user_that_is_not_root(image: oci_layout.Layout) -> None:
    assert image.config["User"] == f"{restricted_process.USER}:{restricted_process.USER}"


def test_entrypoint_starts_the_gateway_without_a_shell(image: oci_layout.Layout) -> None:
    assert (image.config["Entrypoint"], image.config["Cmd"]) == (["tidegate"], ["gateway"])


def test_image_has_no_health_check(image: oci_layout.Layout) -> None:
    assert "Healthcheck" not in image.config


def test_image_has_the_standard_labels(image: oci_layout.Layout) -> None:
    assert image.config["Labels"] == {
        "org.opencontainers.image.title": "tidegate",
        "org.opencontainers.image.description": (
            "A Prometheus push gateway that deletes the metrics of finished Kubernetes Jobs"
        ),
        "org.opencontainers.image.version": tidegate.__version__,
        "org.opencontainers.image.licenses": "Apache-2.0",
    }


def test_image_is_small_and_adds_one_layer_to_its_base(image: oci_layout.Layout) -> None:
    size = sum(member.size for member in image.members)
    assert size < _LIMIT_BYTES, f"{size / 1e6:.0f} MB"
    assert image.layers == 2


def test_layer_contains_only_the_virtual_environment(image: oci_layout.Layout) -> None:
    assert {member.name.rstrip("/") for member in image.members if not member.name.startswith("opt/tidegate/")} <= {
        "opt",
        "opt/tidegate",
    }


def test_user_of_the_image_cannot_change_its_files(image: oci_layout.Layout) -> None:
    loose = [
        member.name
        for member in image.members
        if member.uid != 0 or (not member.issym() and member.mode & (stat.S_IWGRP | stat.S_IWOTH))
    ]
    assert loose == []


def test_installers_and_tests_are_not_in_the_image(image: oci_layout.Layout) -> None:
    packages = {path.name for path in image.root.glob("opt/tidegate/lib/python3*/site-packages/*")}
    assert "tidegate" in packages
    assert not packages & {"pip", "setuptools", "wheel", "pytest", "mypy", "hypothesis", "_distutils_hack"}
    assert {path.name for path in (image.root / "opt/tidegate/bin").iterdir() if not path.is_symlink()} == {"tidegate"}


def test_every_module_is_compiled_to_bytecode(image: oci_layout.Layout) -> None:
    sources = [member.name for member in image.members if member.name.endswith(".py")]
    compiled = {re.sub(r"__pycache__/|\.cpython-\d+", "", m.name) for m in image.members if m.name.endswith(".pyc")}
    assert sources
    assert compiled == {f"{name}c" for name in sources}


def test_image_contains_no_build_time(image: oci_layout.Layout) -> None:
    bytecode = [path.read_bytes() for path in (image.root / "opt/tidegate").rglob("*.pyc")]
    assert image.created == "1970-01-01T00:00:00Z"
    assert {member.mtime for member in image.members} == {0}
    assert {content[_FLAGS] for content in bytecode} == {_UNCHECKED_HASH}


@pytest.mark.long
def test_same_files_give_the_same_image(archive: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.tar"
    image_builds.build(again, name=project_image.NAME, context=project_image.ROOT, base=base_image.ensure())

    assert oci_layout.digest(again) == oci_layout.digest(archive)
    again.unlink()


@pytest.mark.parametrize("command", [["gateway", "--help"], ["operator", "--help"], ["groups", "--help"]])
def test_commands_need_no_shell_and_no_privileges(image: oci_layout.Layout, command: list[str]) -> None:
    assert "Usage:\n  tidegate " in _output(image, "tidegate", *command)


def test_image_has_the_python_version_of_the_dockerfile(image: oci_layout.Layout) -> None:
    assert _output(image, "/opt/tidegate/bin/python", "-V").startswith(f"Python {base_image.python_version()}.")


def test_every_module_can_be_imported(image: oci_layout.Layout) -> None:
    assert _output(image, "/opt/tidegate/bin/python", "-c", _IMPORT_ALL) == ""


def test_gateway_runs_with_a_read_only_root_filesystem(image: oci_layout.Layout, tmp_path: Path) -> None:
    port, control = ports.free_port(), ports.free_port()
    arguments = (
        f"--web.listen-address={tidegate_processes.HOST}:{port}",
        f"--control.listen-address={tidegate_processes.HOST}:{control}",
        "--control.token-file=/run/control-token",
    )
    argv = restricted_process.command(image.root, *image.config["Entrypoint"], *image.config["Cmd"], *arguments)
    gateway = managed_processes.Process("gateway", argv=argv, log=tmp_path / "gateway.log", env=image.environment)
    url = f"http://{tidegate_processes.HOST}:{port}"
    gateway.start()
    try:
        waiting.eventually(
            lambda: tidegate_processes.responds(gateway, f"{url}/-/ready"),
            why="the gateway",
            retry_on=tidegate_processes.AWAY,
        )
        pushed = urllib.request.Request(f"{url}/metrics/job/backup", data=b"rows 7\n", method="PUT")
        with urllib.request.urlopen(pushed, timeout=10.0):
            pass
        with urllib.request.urlopen(f"{url}/metrics", timeout=10.0) as answer:
            lines = answer.read().decode().splitlines()
    finally:
        code = gateway.stop()

    assert 'rows{instance="",job="backup"} 7' in lines
    assert code == 0, gateway.tail()


def _output(image: oci_layout.Layout, *argv: str) -> str:
    command = restricted_process.command(image.root, *argv)
    ran = subprocess.run(command, env=image.environment, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
