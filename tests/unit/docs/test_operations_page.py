"""The requests and limits in docs/operations.md cover the measured usage, and the manifests have them."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support import repository
from tests.support.docs import markdown_documents as pages
from tests.support.manifests import kustomizations, manifest_objects
from tidegate import settings
from tidegate.store.sqlite import database

PATH = repository.DOCS / "operations.md"
PAGE = PATH.read_text()
SIZING: dict[str, list[dict[str, int]]] = json.loads((repository.DOCS / "sizing.json").read_text())
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
    base = manifest_objects.container("operator")["resources"]["requests"]["cpu"]
    section = pages.section(PAGE, "### Requests and limits")
    of_base, of_others = re.findall(r"`(\d+)m`", section.partition("**CPU of the operator**")[2])[:2]
    assert base == f"{of_base}m"
    for point in SIZING["operator"]:
        request = of_base if point["jobs"] <= 1_000 else of_others
        assert point["cpu"] / period <= int(request) / 1_000


@pytest.mark.parametrize("point", SIZING["gateway"], ids=lambda point: f"{point['groups']} groups")
def test_restore_needs_no_more_memory_than_normal_operation(point: dict[str, float]) -> None:
    assert point["restored_peak"] <= point["peak"] + 2 * MIB


def test_manifests_have_the_requests_of_the_first_row_and_the_limits_of_the_second() -> None:
    first, second, _ = _documented_resources()
    for name in ("gateway", "operator"):
        resources = manifest_objects.container(name)["resources"]
        assert _memory(resources) == getattr(first, name)
        assert _memory(resources)[1] == getattr(second, name)[1]
    [patch] = manifest_objects.objects(kustomizations.COMPONENTS / "persistent" / "kustomization.yaml")[0]["patches"]
    changed = {each["path"]: each.get("value") for each in yaml.safe_load(patch["patch"])}
    [claim] = changed["/spec/volumeClaimTemplates"]
    assert _bytes(claim["spec"]["resources"]["requests"]["storage"]) == first.volume == second.volume


def test_overlay_has_the_gateways_resources_of_the_last_row() -> None:
    [overlay] = [yaml.safe_load(block) for block in pages.yaml_blocks(PATH) if "kustomization" in block]
    [resources] = [
        change["value"]
        for patch in overlay["patches"]
        for change in yaml.safe_load(patch["patch"])
        if change["path"].endswith("/resources")
    ]
    assert _memory(resources) == _documented_resources()[-1].gateway


def _memory(resources: dict[str, Any]) -> tuple[int, int]:
    """The request and the limit of a container."""
    return _bytes(resources["requests"]["memory"]), _bytes(resources["limits"]["memory"])


def test_figures_in_the_text_match_the_code() -> None:
    assert re.findall(r"pages\s+of\s+(\d+)", PAGE) == [str(settings.OperatorSettings().kubernetes.page_size)]
    assert re.findall(r"(\d+)\s+MiB\s+of\s+changes", PAGE) == [str(database.CHECKPOINT_BYTES // MIB)]
