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

from tests.cli import command_runs
from tests.cluster import clusters, fixtures, prometheus_server
from tests.docs import markdown_documents as pages
from tests.docs import transcripts
from tests.manifests import kustomizations, manifest_objects
from tests.support import tidegate_processes, waiting
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
"""The part of a container's memory from which new groups are refused."""


class Asked(NamedTuple):
    """What a row of the page's table asks for, in bytes."""

    groups: int
    jobs: int
    gateway: tuple[int, int]
    operator: tuple[int, int]
    volume: int


def _asked() -> list[Asked]:
    rows = re.findall(
        r"^\| ([\d,]+) groups, ([\d,]+) Jobs \| `(\w+)`, `(\w+)` \| `(\w+)`, `(\w+)` \| `(\w+)` \|$", PAGE, re.MULTILINE
    )
    return [
        Asked(
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


def test_each_size_that_was_measured_has_its_row() -> None:
    assert [asked.groups for asked in _asked()] == [point["groups"] for point in SIZING["gateway"]]


@pytest.mark.parametrize("asked", _asked(), ids=lambda asked: f"{asked.groups} groups")
def test_what_is_asked_for_is_enough_for_what_was_measured(asked: Asked) -> None:
    [gateway] = [point for point in SIZING["gateway"] if point["groups"] == asked.groups]
    request, limit = asked.gateway
    assert gateway["memory"] <= request
    assert max(gateway["peak"], gateway["restored_peak"]) <= _GUARDED * limit
    assert 2 * (gateway["file"] + gateway["log"]) <= asked.volume

    [operator] = [
        point for point in SIZING["operator"] if (point["jobs"], point["groups"]) == (asked.jobs, _known(asked))
    ]
    request, limit = asked.operator
    assert operator["memory"] <= request
    assert operator["peak"] <= _GUARDED * limit


def _known(asked: Asked) -> int:
    """The groups of the operator's measurement that stands for this row: the next larger one."""
    return min(point["groups"] for point in SIZING["operator"] if point["groups"] >= asked.groups)


@pytest.mark.parametrize("point", SIZING["gateway"][1:], ids=lambda point: f"{point['groups']} groups")
def test_memory_and_file_are_as_many_times_a_scrape_as_the_page_says(point: dict[str, float]) -> None:
    assert point["memory"] <= 50 * MIB + 4 * point["exposition"]
    assert point["file"] <= 2.5 * point["exposition"]


def test_the_operators_processor_is_enough_for_a_resync_in_each_period() -> None:
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
def test_a_start_took_no_more_memory_than_running_did(point: dict[str, float]) -> None:
    assert point["restored_peak"] <= point["peak"] + 2 * MIB
    assert "A restart needs no more memory than normal operation" in PROSE


def test_the_manifests_ask_for_the_first_row_and_their_limits_hold_for_the_second() -> None:
    first, second, _ = _asked()
    made = kustomizations.combination("persistent")
    for name in ("gateway", "operator"):
        resources = kustomizations.container(made, name)["resources"]
        request, limit = (_bytes(resources[kind]["memory"]) for kind in ("requests", "limits"))
        assert (request, limit) == getattr(first, name)
        assert limit == getattr(second, name)[1]
    [claim] = kustomizations.workload(made)["spec"]["volumeClaimTemplates"]
    assert _bytes(claim["spec"]["resources"]["requests"]["storage"]) == first.volume == second.volume


def test_the_overlay_gives_the_gateway_what_the_last_row_says(tmp_path: Path) -> None:
    [overlay] = [block for block in pages.yaml_blocks(PATH) if "kustomization" in block]
    (tmp_path / "kustomization.yaml").write_text(overlay)
    (tmp_path / "tidegate").symlink_to(pages.ROOT)
    resources = kustomizations.container(kustomizations.objects(tmp_path), "gateway")["resources"]
    assert (_bytes(resources["requests"]["memory"]), _bytes(resources["limits"]["memory"])) == _asked()[-1].gateway


def test_the_figures_of_the_text_are_those_of_the_code() -> None:
    chosen = settings.OperatorSettings()
    assert f"in pages of {chosen.kubernetes.page_size}" in PROSE
    assert f"`--operator.resync` ({chosen.worker.resync_seconds:g} s)" in PROSE
    assert f"about {database.CHECKPOINT_BYTES // MIB} MiB of changes" in PROSE
    assert f"`--breaker.limit` ({chosen.worker.most_retired})" in PROSE
    limited = settings.LimitSettings()
    assert f"`--limit.groups` ({limited.groups:,}) and `--limit.series` ({limited.series:,})" in PROSE


class Refusal(NamedTuple):
    """What somebody sends to be refused, and what the table says of it."""

    status: int
    text: str
    path: str = "/metrics/job/x"
    body: bytes = b"m 1\n"


_LABELS = ",".join(f'l{number}="x"' for number in range(70))
REFUSALS = [
    Refusal(400, "text format parsing error", body=b"m 1"),
    Refusal(
        400,
        "pushed metrics are invalid or inconsistent with existing metrics",
        path="/metrics/job/beside",
        body=b"# TYPE m counter\nm 1\n",
    ),
    Refusal(400, "(--limit.labels)", body=f"m{{{_LABELS}}} 1\n".encode()),
    Refusal(400, "(--limit.name-length)", body=b"m" * 600 + b" 1\n"),
    Refusal(400, "(--limit.value-length)", body=b'm{l="' + b"v" * 9000 + b'"} 1\n'),
    Refusal(404, "no such path", path="/push/job/x"),
    Refusal(413, "(--limit.body)", body=b"m 1\n" * 10_000),
    Refusal(413, "(--limit.push-series)", body=b"".join(b"m%d 1\n" % n for n in range(200))),
    Refusal(413, "(--limit.group-series)", path="/metrics/job/there", body=b"".join(b"n%d 1\n" % n for n in range(60))),
    Refusal(429, "(--limit.groups)"),
    Refusal(431, "(--limit.request-head)", path=f"/metrics/job/{'x' * 40_000}"),
]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tidegate_processes.Gateway]:
    """A gateway that has all the groups it takes."""
    limits = ("--limit.body=32KiB", "--limit.push-series=100", "--limit.group-series=50", "--limit.groups=2")
    with tidegate_processes.serving(tmp_path_factory.mktemp("strict"), arguments=limits) as running:
        running.push("job/there", "# TYPE m gauge\nm 1\n")
        running.push("job/beside", "# TYPE m gauge\nm 1\n")
        yield running


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal.status} {refusal.text}")
def test_who_is_refused_is_told_what_the_table_says(strict: tidegate_processes.Gateway, refusal: Refusal) -> None:
    status, said = _pushed(strict.port, refusal)
    assert status == refusal.status
    assert refusal.text in said
    assert (str(refusal.status), refusal.text) in _told()


def _pushed(port: int, refusal: Refusal) -> tuple[int, str]:
    connection = http.client.HTTPConnection(tidegate_processes.HOST, port, timeout=10.0)
    try:
        connection.request("POST", refusal.path, body=refusal.body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _told() -> set[tuple[str, str]]:
    """Each status with each text, as the table has them."""
    section = pages.section(TROUBLESHOOTING, "## Pushes are rejected")
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", section, re.MULTILINE)
    return {(status, text) for status, texts in rows for text in re.findall(r"`([^`]+)`", texts)}


def test_every_limit_is_in_the_table_with_its_status() -> None:
    told = _told()
    assert [limit.flag for limit in limits.Limit if (str(limit.status), f"({limit.flag})") not in told] == []


async def test_what_is_said_while_groups_are_restored_is_in_the_table() -> None:
    answer = await health.HealthHandlers().reject_until_restored(None)  # type: ignore[arg-type] # it looks at none
    assert (answer.status, "restoring" in TROUBLESHOOTING) == (503, True)
    assert [text for status, text in _told() if status == "503" and text in (answer.text or "")]


async def test_a_file_of_a_newer_version_ends_the_gateway_with_the_words_of_the_page(tmp_path: Path) -> None:
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


def test_each_right_that_the_page_asks_about_is_there(cluster: clusters.Cluster) -> None:
    tidegate_processes.operator_kubeconfig(cluster)
    asked = [line for line in transcripts.commands(TROUBLESHOOTING) if line.startswith("kubectl auth can-i ")]
    rules = manifest_objects.one("ClusterRole")["rules"]
    assert len(asked) == len(rules)
    assert [cluster.kubectl(*shlex.split(line)[1:]).strip() for line in asked] == ["yes"] * len(asked)


def test_without_honor_labels_prometheus_shows_the_job_where_the_page_says(
    tmp_path: Path, start_prometheus: fixtures.StartPrometheus
) -> None:
    [query] = re.findall(r"^ *```promql\n(.*?)\n *```$", TROUBLESHOOTING, re.MULTILINE | re.DOTALL)
    with tidegate_processes.serving(tmp_path) as gateway:
        gateway.push("job/backup", "backup_rows 1\n")
        server = start_prometheus(prometheus_server.Target(port=gateway.port, honor_labels=False))
        found = waiting.eventually(lambda: server.query(query.strip()), why="a scrape")
    assert [series.labels for series in found] == [{"exported_job": "backup"}]
