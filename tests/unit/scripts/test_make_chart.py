"""``make chart``: the generated files are current, and the chart has the version of this checkout."""

from __future__ import annotations

import yaml

import tidegate
from scripts import chart


def test_generated_chart_files_and_table_match_their_sources() -> None:
    texts = chart.texts()
    assert {path for path in (chart.CHART / "files").rglob("*") if path.is_file()} == texts.keys() - {chart.DOCUMENT}
    for path, text in texts.items():
        assert path.read_text() == text, f"{path.relative_to(chart.ROOT)} is old: run `make chart`"


def test_chart_has_the_version_of_this_checkout() -> None:
    described = yaml.safe_load((chart.CHART / "Chart.yaml").read_text())
    assert (described["version"], described["appVersion"]) == (tidegate.__version__, tidegate.__version__)
