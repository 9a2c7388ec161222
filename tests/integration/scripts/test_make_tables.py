"""``make tables``: the generated pages are current."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import repository

ROOT = repository.ROOT


@pytest.mark.parametrize("name", ["flags.md", "metrics.md"])
def test_generated_tables_match_the_code(name: str, tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "docs").mkdir()
    shutil.copyfile(ROOT / "scripts" / "tables.py", tmp_path / "scripts" / "tables.py")
    subprocess.run([sys.executable, tmp_path / "scripts" / "tables.py"], check=True, capture_output=True)
    written = (tmp_path / "docs" / name).read_text()
    assert (ROOT / "docs" / name).read_text() == written, f"docs/{name} is old: run `make tables`"


def test_metrics_table_has_every_metric() -> None:
    made = re.compile(r'(?:prometheus_client\.(?:Counter|Gauge|Histogram|Summary|Info|Enum)|_family)\(\s*"(\w+)"')
    names = {name for path in (ROOT / "operator").rglob("*.py") for name in made.findall(path.read_text())}
    documented = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
    assert len(names) > 10
    assert {name.removesuffix("_total") for name in names} == {name.removesuffix("_total") for name in documented}
