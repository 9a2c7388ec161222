"""``make chart``: what it writes is what is there, and the chart is of this version."""

from __future__ import annotations

import yaml

import tidegate
from scripts import chart


def test_what_the_chart_has_of_other_files_and_the_table_are_those_of_their_source() -> None:
    texts = chart.texts()
    assert {path for path in (chart.CHART / "files").rglob("*") if path.is_file()} == texts.keys() - {chart.DOCUMENT}
    for path, text in texts.items():
        assert path.read_text() == text, f"{path.relative_to(chart.ROOT)} is old: run `make chart`"


def test_the_chart_is_of_this_version() -> None:
    described = yaml.safe_load((chart.CHART / "Chart.yaml").read_text())
    assert (described["version"], described["appVersion"]) == (tidegate.__version__, tidegate.__version__)
