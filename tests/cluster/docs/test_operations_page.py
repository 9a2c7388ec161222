"""The figures, tables and commands of docs/operations.md and docs/troubleshooting.md are correct."""

from __future__ import annotations

import http.client
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import waiting
from tests.support.cli import command_runs
from tests.support.docs import markdown_documents as pages
from tests.support.docs import transcripts
from tests.support.kubernetes import cluster_fixtures, clusters
from tests.support.manifests import kustomizations, manifest_objects
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server
from tidegate import settings
from tidegate.gateway.http import health
from tidegate.model import limits
from tidegate.store.sqlite import database, database_file

PATH = pages.ROOT / "docs" / "operations.md"
PAGE = PATH.read_text()
PROSE = " ".join(PAGE.split())
"""The page without its line breaks."""
TROUBLESHOOTING = (pages.ROOT / "docs" / "troubleshooting.md").read_text()
SIZING: dict[str, list[dict[str, int]]] = json.loads((PATH.parent / "sizing.json").read_text())
MIB = 2**20
_UNITS = {"Mi": MIB, "Gi": 1024 * MIB}
_GUARDED = 0.8
"""The share of a container's memory limit above which new groups are rejected."""


class Resources(NamedTuple):
    """The requests and limits in a row of the page's sizing table, in bytes."""

    groups: int
    jobs: int
    gateway: tuple[int, int]
    operator: tuple[int, int]
    volume: int


def _documented_resources() -> list[Resources]:
    rows = re.findall(
        r"^\| ([\d,]+) groups, ([\d,]+) Jobs \| `(\w+)`, `(\w+)` \| `(\w+)`, `(\w+)` \| `(\w+)` \|$", PAGE, re.MULTILINE
    )
    return [
        Resources(
            int(groups.replace(",", "")),
            int(jobs.replace(",", "")),
            (_bytes(sizes[0]), _bytes(sizes[1])),
            (_bytes(sizes[2]), _bytes(sizes[3])),
            _bytes(sizes[4]),
        )
        for groups, jobs, *sizes in rows
    ]


def _bytes(size: str) -> int:
    return int(size[:-2]) * _UNITS[size[-2:]]


def test_every_measured_size_has_a_row() -> None:
    assert [row.groups for row in _documented_resources()] == [point["groups"] for point in SIZING["gateway"]]


@pytest.mark.parametrize("row", _documented_resources(), ids=lambda row: f"{row.groups} groups")
def test_requests_and_limits_cover_the_measured_usage(row: Resources) -> None:
    [gateway] = [point for point in SIZING["gateway"] if point["groups"] == row.groups]
    request, limit = row.gateway
    assert gateway["memory"] <= request
    assert max(gateway["peak"], gateway["restored_peak"]) <= _GUARDED * limit
    assert 2 * (gateway["file"] + gateway["log"]) <= row.volume

    [operator] = [
        point for point in SIZING["operator"] if (point["jobs"], point["groups"]) == (row.jobs, _measured_groups(row))
    ]
    request, limit = row.operator
    assert operator["memory"] <= request
    assert operator["peak"] <= _GUARDED * limit


def _measured_groups(row: Resources) -> int:
    """The number of groups of the operator's measurement for this row: the next larger one."""
    return min(point["groups"] for point in SIZING["operator"] if point["groups"] >= row.groups)


@pytest.mark.parametrize("point", SIZING["gateway"][1:], ids=lambda point: f"{point['groups']} groups")
def test_memory_and_file_sizes_are_within_the_documented_multiples_of_a_scrape(point: dict[str, float]) -> None:
    assert point["memory"] <= 50 * MIB + 4 * point["exposition"]
    assert point["file"] <= 2.5 * point["exposition"]


def test_cpu_request_of_the_operator_covers_its_resyncs() -> None:
    period = settings.OperatorSettings().worker.resync_seconds
    base = kustomizations.container(kustomizations.combination(), "operator")["resources"]["requests"]["cpu"]
    of_base, of_others = re.findall(r"`(\d+)m`", pages.section(PAGE, "### Requests and limits").partition("CPU of")[2])[
        :2
    ]
    assert base == f"{of_base}m"
    for point in SIZING["operator"]:
        request = of_base if point["jobs"] <= 1_000 else of_others
        assert point["cpu"] / period <= int(request) / 1_000


@pytest.mark.parametrize("point", SIZING["gateway"], ids=lambda point: f"{point['groups']} groups")
def test_restore_needs_no_more_memory_than_normal_operation(point: dict[str, float]) -> None:
    assert point["restored_peak"] <= point["peak"] + 2 * MIB
    assert "A restart needs no more memory than normal operation" in PROSE


def test_manifests_have_the_requests_of_the_first_row_and_the_limits_of_the_second() -> None:
    first, second, _ = _documented_resources()
    made = kustomizations.combination("persistent")
    for name in ("gateway", "operator"):
        resources = kustomizations.container(made, name)["resources"]
        request, limit = (_bytes(resources[kind]["memory"]) for kind in ("requests", "limits"))
        assert (request, limit) == getattr(first, name)
        assert limit == getattr(second, name)[1]
    [claim] = kustomizations.workload(made)["spec"]["volumeClaimTemplates"]
    assert _bytes(claim["spec"]["resources"]["requests"]["storage"]) == first.volume == second.volume


def test_overlay_sets_the_gateway_resources_of_the_last_row(tmp_path: Path) -> None:
    [overlay] = [block for block in pages.yaml_blocks(PATH) if "kustomization" in block]
    (tmp_path / "kustomization.yaml").write_text(overlay)
    (tmp_path / "tidegate").symlink_to(pages.ROOT)
    resources = kustomizations.container(kustomizations.objects(tmp_path), "gateway")["resources"]
    assert (_bytes(resources["requests"]["memory"]), _bytes(resources["limits"]["memory"])) == _documented_resources()[
        -1
    ].gateway


def test_figures_in_the_text_match_the_code() -> None:
    chosen = settings.OperatorSettings()
    assert f"in pages of {chosen.kubernetes.page_size}" in PROSE
    assert f"`--operator.resync` ({chosen.worker.resync_seconds:g} s)" in PROSE
    assert f"about {database.CHECKPOINT_BYTES // MIB} MiB of changes" in PROSE
    assert f"`--breaker.limit` ({chosen.worker.max_drains})" in PROSE
    limited = settings.LimitSettings()
    assert f"`--limit.groups` ({limited.groups:,}) and `--limit.series` ({limited.series:,})" in PROSE


class RejectedRequest(NamedTuple):
    """A request that the gateway rejects, and its row in the table."""

    status: int
    text: str
    path: str = "/metrics/job/x"
    body: bytes = b"m 1\n"


_LABELS = ",".join(f'l{number}="x"' for number in range(70))
REJECTED = [
    RejectedRequest(400, "text format parsing error", body=b"m 1"),
    RejectedRequest(
        400,
        "pushed metrics are invalid or inconsistent with existing metrics",
        path="/metrics/job/beside",
        body=b"# TYPE m counter\nm 1\n",
    ),
    RejectedRequest(400, "(--limit.labels)", body=f"m{{{_LABELS}}} 1\n".encode()),
    RejectedRequest(400, "(--limit.name-length)", body=b"m" * 600 + b" 1\n"),
    RejectedRequest(400, "(--limit.value-length)", body=b'm{l="' + b"v" * 9000 + b'"} 1\n'),
    RejectedRequest(404, "no such path", path="/push/job/x"),
    RejectedRequest(413, "(--limit.body)", body=b"m 1\n" * 10_000),
    RejectedRequest(413, "(--limit.push-series)", body=b"".join(b"m%d 1\n" % n for n in range(200))),
    RejectedRequest(
        413, "(--limit.group-series)", path="/metrics/job/there", body=b"".join(b"n%d 1\n" % n for n in range(60))
    ),
    RejectedRequest(429, "(--limit.groups)"),
    RejectedRequest(431, "(--limit.request-head)", path=f"/metrics/job/{'x' * 40_000}"),
]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tidegate_processes.Gateway]:
    """A gateway that is at its limit of groups."""
    limits = ("--limit.body=32KiB", "--limit.push-series=100", "--limit.group-series=50", "--limit.groups=2")
    with tidegate_processes.serving(tmp_path_factory.mktemp("strict"), arguments=limits) as running:
        running.push("job/there", "# TYPE m gauge\nm 1\n")
        running.push("job/beside", "# TYPE m gauge\nm 1\n")
        yield running


@pytest.mark.parametrize("rejected", REJECTED, ids=lambda rejected: f"{rejected.status} {rejected.text}")
def test_rejected_request_gets_the_documented_status_and_message(
    strict: tidegate_processes.Gateway, rejected: RejectedRequest
) -> None:
    status, response_text = _pushed(strict.port, rejected)
    assert status == rejected.status
    assert rejected.text in response_text
    assert (str(rejected.status), rejected.text) in _documented_errors()


def _pushed(port: int, rejected: RejectedRequest) -> tuple[int, str]:
    connection = http.client.HTTPConnection(tidegate_processes.HOST, port, timeout=10.0)
    try:
        connection.request("POST", rejected.path, body=rejected.body)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def _documented_errors() -> set[tuple[str, str]]:
    """The pairs of status and text in the table."""
    section = pages.section(TROUBLESHOOTING, "## Pushes are rejected")
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", section, re.MULTILINE)
    return {(status, text) for status, texts in rows for text in re.findall(r"`([^`]+)`", texts)}


def test_table_has_every_limit_with_its_status() -> None:
    documented = _documented_errors()
    assert [limit.flag for limit in limits.Limit if (str(limit.status), f"({limit.flag})") not in documented] == []


async def test_table_has_the_response_during_a_restore() -> None:
    response = await health.HealthHandlers().reject_until_restored(None)  # type: ignore[arg-type] # it looks at none
    assert (response.status, "restoring" in TROUBLESHOOTING) == (503, True)
    assert [text for status, text in _documented_errors() if status == "503" and text in (response.text or "")]


async def test_file_of_a_newer_version_stops_the_gateway_with_the_documented_message(tmp_path: Path) -> None:
    path = tmp_path / "groups"
    connection, _ = database_file.open_file(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    ran = await command_runs.run("gateway", "--web.listen-address=127.0.0.1:0", f"--persistence.file={path}")
    [shown] = [line for block in pages.blocks(PAGE, "log") for line in block.splitlines() if "newer tidegate" in line]
    assert ran.status == 1
    assert transcripts.fits(f"tidegate: {shown}", ran.err.strip())
    assert path.read_bytes() == before


def test_documented_rights_are_granted(cluster: clusters.Cluster) -> None:
    tidegate_processes.operator_kubeconfig(cluster)
    row = [line for line in transcripts.commands(TROUBLESHOOTING) if line.startswith("kubectl auth can-i ")]
    rules = manifest_objects.one("ClusterRole")["rules"]
    assert len(row) == len(rules)
    assert [cluster.kubectl(*shlex.split(line)[1:]).strip() for line in row] == ["yes"] * len(row)


def test_prometheus_without_honor_labels_renames_the_job_label_as_documented(
    tmp_path: Path, start_prometheus: cluster_fixtures.StartPrometheus
) -> None:
    [query] = re.findall(r"^ *```promql\n(.*?)\n *```$", TROUBLESHOOTING, re.MULTILINE | re.DOTALL)
    with tidegate_processes.serving(tmp_path) as gateway:
        gateway.push("job/backup", "backup_rows 1\n")
        server = start_prometheus(prometheus_server.Target(port=gateway.port, honor_labels=False))
        found = waiting.eventually(lambda: server.query(query.strip()), why="a scrape")
    assert [series.labels for series in found] == [{"exported_job": "backup"}]
