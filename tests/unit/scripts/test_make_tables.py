"""``make tables``: the generated pages are current."""

from __future__ import annotations

import re

from scripts import tables
from tests.support import repository


def test_generated_tables_match_the_code() -> None:
    for path, text in tables.texts().items():
        assert path.read_text() == text, f"{path.relative_to(repository.ROOT)} is old: run `make tables`"


def test_metrics_table_has_every_metric() -> None:
    made = re.compile(r'(?:prometheus_client\.(?:Counter|Gauge|Histogram|Summary|Info|Enum)|_family)\(\s*"(\w+)"')
    sources = (repository.ROOT / "operator").rglob("*.py")
    names = {name.removesuffix("_total") for path in sources for name in made.findall(path.read_text())}
    documented = re.findall(r"^\| `(\w+)`", (repository.DOCS / "metrics.md").read_text(), re.MULTILINE)
    assert names == {name.removesuffix("_total") for name in documented}
