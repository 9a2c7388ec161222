"""A short run of ``make bench``: every row is measured and is in the report."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.bench import __main__ as bench
from tests.support.pushgateway import pushgateway_servers

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report; its figures only show that everything was measured."""
    folder, into = tmp_path_factory.mktemp("bench"), tmp_path_factory.mktemp("report")
    bench.write(list(pushgateway_servers.programs().values())[-1](), folder, into=into, quick=True)
    return into


def test_every_row_has_a_figure(report: Path) -> None:
    rows = json.loads((report / "benchmark.json").read_text())["rows"]
    assert len(rows) == 30
    assert all(row["figure"] > 0 for row in rows)
    assert all(row["met"] is not None for row in rows if row["goal"] is not None)


def test_page_shows_each_row_and_each_size(report: Path) -> None:
    page = (report / "benchmark.md").read_text()
    data = json.loads((report / "benchmark.json").read_text())
    assert all(f"| {row['what']} |" in page for row in data["rows"])
    assert all(f"\n| {point['groups']:,} |" in page for point in data["growth"]["points"]["ours"])


def test_plot_has_a_line_for_each_server(report: Path) -> None:
    drawn = ElementTree.parse(report / "benchmark.svg")
    assert len(drawn.findall(".//{http://www.w3.org/2000/svg}polyline")) == 5
