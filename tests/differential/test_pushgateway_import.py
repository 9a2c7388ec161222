"""What `tidegate import` takes over of a real Pushgateway is what that one shows, times of pushes included."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.differential import (
    case_builders,
    comparisons,
    compatibility_page,
    protobuf_cases,
    pushgateway_servers,
    text_body_cases,
)
from tests.support import requirements, tidegate_processes

CASES = [*text_body_cases.CASES, *protobuf_cases.CASES]


@pytest.fixture(params=pushgateway_servers.programs().items(), ids=lambda named: named[0])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[pushgateway_servers.Pushgateway]:
    """A Pushgateway that keeps its groups in a file of its own."""
    _, find = request.param
    with _running(find, tmp_path, f"--persistence.file={tmp_path / 'gob'}") as pushgateway:
        yield pushgateway


@contextlib.contextmanager
def _running(find: Callable[[], Path], folder: Path, *flags: str) -> Iterator[pushgateway_servers.Pushgateway]:
    pushgateway = pushgateway_servers.Pushgateway(requirements.found(find), folder=folder, flags=flags)
    try:
        pushgateway.start()
        yield pushgateway
    finally:
        pushgateway.process.stop()


def test_everything_that_is_pushed_is_taken_over_with_its_times(
    real: pushgateway_servers.Pushgateway, tmp_path: Path
) -> None:
    source = comparisons.RealPeer(real.port)
    source.wipe()
    different = compatibility_page.known(pushgateway_servers.version(real.path))
    for number, case in enumerate(case for case in CASES if case.id not in different):
        for request in case.requests:
            # A name of its own each, so that no group's series are another's.
            path = request.path.replace("/job/", f"/case/{number}/job/").replace("/case", "/job/case/case", 1)
            source.send(comparisons.Request(request.method, path, request.body, request.headers))
        status, _, _ = source.send(comparisons.Request("GET", "/metrics"))
        if status != 200:
            # Some bodies it takes though then every scrape fails, and so would an import.
            source.send(comparisons.Request("DELETE", path))
    ran = _import(f"http://{tidegate_processes.HOST}:{real.port}", tmp_path / "groups")
    assert ran.returncode in (0, 1), ran.stderr

    with _serving(tmp_path) as gateway:
        copied = _by_labels(comparisons.Peer(gateway.port).api())
    wanted = _by_labels(source.api())
    refused = {key for key in wanted if key not in copied}
    # What our own parser refuses at a push is refused here, and said.
    assert len(refused) == ran.stderr.count("was not copied")
    assert len(copied) > 100
    for key, group in copied.items():
        assert _comparable(group) == _comparable(wanted[key])


def _by_labels(told: list[dict[str, Any]]) -> dict[tuple[tuple[str, str], ...], dict[str, Any]]:
    return {tuple(sorted(group["labels"].items())): group for group in told}


def _comparable(group: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: value for key, value in family.items() if key != "time_stamp"} if "metrics" in family else family
        for name, family in group.items()
        if isinstance(family, dict)
    }


def test_what_is_newer_in_the_file_stays(real: pushgateway_servers.Pushgateway, tmp_path: Path) -> None:
    source = comparisons.RealPeer(real.port)
    source.wipe()
    source.send(case_builders.put("job/a", b"m 1\n"))
    source.send(case_builders.put("job/b", b"m 1\n"))
    with _serving(tmp_path) as gateway:
        gateway.push("job/a", "m 2\n")
    url = f"http://{tidegate_processes.HOST}:{real.port}"

    first, second = _import(url, tmp_path / "groups"), _import(url, tmp_path / "groups")

    assert (first.returncode, second.returncode) == (0, 0)
    assert "1 group copied, 1 skipped because the file has newer pushes" in first.stderr
    assert "0 groups copied, 2 skipped" in second.stderr
    with _serving(tmp_path) as gateway:
        lines = [line for line in gateway.exposition().splitlines() if line.startswith("m{")]
    assert lines == ['m{instance="",job="a"} 2', 'm{instance="",job="b"} 1']


def test_the_file_of_a_pushgateway_itself_is_refused_and_left_alone(
    real: pushgateway_servers.Pushgateway, tmp_path: Path
) -> None:
    comparisons.RealPeer(real.port).send(case_builders.put("job/a", b"m 1\n"))
    real.process.stop()
    before = (tmp_path / "gob").read_bytes()
    ran = _tidegate("gateway", "--web.listen-address=127.0.0.1:0", f"--persistence.file={tmp_path / 'gob'}")
    assert ran.returncode == 1
    assert "is a file of Pushgateway's own" in ran.stderr
    assert "tidegate import --from=URL" in ran.stderr
    assert (tmp_path / "gob").read_bytes() == before


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("http://127.0.0.1:1", "cannot read http://127.0.0.1:1/api/v1/metrics", id="nobody there"),
        pytest.param("http://127.0.0.1:{port}/x", "status 404", id="another path"),
    ],
)
def test_what_is_no_pushgateway_is_told(
    real: pushgateway_servers.Pushgateway, tmp_path: Path, url: str, said: str
) -> None:
    ran = _import(url.format(port=real.port), tmp_path / "groups")
    assert ran.returncode == 1
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_file_that_a_gateway_has_open_is_refused(real: pushgateway_servers.Pushgateway, tmp_path: Path) -> None:
    with _serving(tmp_path):
        ran = _import(f"http://{tidegate_processes.HOST}:{real.port}", tmp_path / "groups")
    assert ran.returncode == 1
    assert "another process has" in ran.stderr


@contextlib.contextmanager
def _serving(folder: Path) -> Iterator[tidegate_processes.Gateway]:
    gateway = tidegate_processes.Gateway(folder, arguments=(f"--persistence.file={folder / 'groups'}",))
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.process.stop()


def _import(url: str, file: Path) -> "subprocess.CompletedProcess[str]":
    return _tidegate("import", f"--from={url}", f"--persistence.file={file}")


def _tidegate(*arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "tidegate", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
