"""`tidegate import` copies the groups of a real Pushgateway with their push times."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.differential import case_builders, compatibility_page, protobuf_cases, text_body_cases
from tests.support import requirements
from tests.support.processes import tidegate_processes
from tests.support.pushgateway import comparisons, pushgateway_servers

CASES = [*text_body_cases.CASES, *protobuf_cases.CASES]


@pytest.fixture(params=pushgateway_servers.programs().items(), ids=lambda named: named[0])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[pushgateway_servers.Pushgateway]:
    """A Pushgateway that persists its groups in a file."""
    _, find = request.param
    program, file = requirements.require(find), tmp_path / "gob"
    with pushgateway_servers.serving(program, tmp_path, f"--persistence.file={file}") as pushgateway:
        yield pushgateway


def test_import_copies_every_group_with_its_push_times(real: pushgateway_servers.Pushgateway, tmp_path: Path) -> None:
    source = comparisons.RealPeer(real.port)
    source.wipe()
    different = compatibility_page.documented_differences(pushgateway_servers.version(real.path))
    scraped = [case for case in CASES if case.id not in different and _can_be_scraped(source, case)]
    for number, case in enumerate(scraped):
        for request in case.requests:
            # A separate group for each request, so that series of different groups do not clash.
            path = request.path.replace("/job/", f"/case/{number}/job/").replace("/case", "/job/case/case", 1)
            source.send(comparisons.Request(request.method, path, request.body, request.headers))
    ran = _import(f"http://{tidegate_processes.HOST}:{real.port}", tmp_path / "groups")
    assert ran.returncode in (0, 1), ran.stderr

    with _serving(tmp_path) as gateway:
        copied = _by_labels(comparisons.Peer(gateway.port).api())
    wanted = _by_labels(source.api())
    rejected = {key for key in wanted if key not in copied}
    # The import rejects and reports the bodies that our parser rejects in a push.
    assert len(rejected) == ran.stderr.count("was not copied")
    assert len(copied) > 100
    for key, group in copied.items():
        assert _comparable(group) == _comparable(wanted[key])


def _can_be_scraped(source: comparisons.Peer, case: comparisons.Case) -> bool:
    """Whether Pushgateway can be scraped after this case.

    It accepts some bodies that make every scrape fail, and so the import.
    """
    for request in case.requests:
        source.send(request)
    status, _, _ = source.send(comparisons.Request("GET", "/metrics"))
    source.wipe()
    return status == 200


def _by_labels(groups: list[dict[str, Any]]) -> dict[tuple[tuple[str, str], ...], dict[str, Any]]:
    return {tuple(sorted(group["labels"].items())): group for group in groups}


def _comparable(group: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: value for key, value in family.items() if key != "time_stamp"} if "metrics" in family else family
        for name, family in group.items()
        if isinstance(family, dict)
    }


def test_import_keeps_groups_that_are_newer_in_the_file(real: pushgateway_servers.Pushgateway, tmp_path: Path) -> None:
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


def test_gateway_rejects_a_persistence_file_of_pushgateway_and_leaves_it_unchanged(
    real: pushgateway_servers.Pushgateway, tmp_path: Path
) -> None:
    comparisons.RealPeer(real.port).send(case_builders.put("job/a", b"m 1\n"))
    real.process.stop()
    before = (tmp_path / "gob").read_bytes()
    ran = _tidegate("gateway", "--web.listen-address=127.0.0.1:0", f"--persistence.file={tmp_path / 'gob'}")
    assert ran.returncode == 1
    assert "is a file of Pushgateway" in ran.stderr
    assert "tidegate import --from=URL" in ran.stderr
    assert (tmp_path / "gob").read_bytes() == before


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("http://127.0.0.1:1", "cannot read http://127.0.0.1:1/api/v1/metrics", id="nothing listens"),
        pytest.param("http://127.0.0.1:{port}/x", "status 404", id="another path"),
    ],
)
def test_import_from_a_url_without_pushgateway_reports_the_problem(
    real: pushgateway_servers.Pushgateway, tmp_path: Path, url: str, message: str
) -> None:
    ran = _import(url.format(port=real.port), tmp_path / "groups")
    assert ran.returncode == 1
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr


def test_import_rejects_a_file_that_a_gateway_has_open(real: pushgateway_servers.Pushgateway, tmp_path: Path) -> None:
    with _serving(tmp_path):
        ran = _import(f"http://{tidegate_processes.HOST}:{real.port}", tmp_path / "groups")
    assert ran.returncode == 1
    assert "another process has" in ran.stderr


def _serving(folder: Path) -> contextlib.AbstractContextManager[tidegate_processes.Gateway]:
    return tidegate_processes.serving(folder, arguments=(f"--persistence.file={folder / 'groups'}",))


def _import(url: str, file: Path) -> "subprocess.CompletedProcess[str]":
    return _tidegate("import", f"--from={url}", f"--persistence.file={file}")


def _tidegate(*arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "tidegate", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
