"""``make crds``: what it writes is what is there."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = Path("docs", "policies.md")


def test_the_definitions_and_the_table_are_those_of_their_source(tmp_path: Path) -> None:
    for path in (Path("scripts", "crds.py"), DOCUMENT):
        (tmp_path / path).parent.mkdir()
        shutil.copyfile(ROOT / path, tmp_path / path)
    subprocess.run([sys.executable, tmp_path / "scripts" / "crds.py"], check=True, capture_output=True)
    written = {path.relative_to(tmp_path) for path in (tmp_path / "manifests").rglob("*.yaml")}
    assert written == {path.relative_to(ROOT) for path in (ROOT / "manifests" / "crds").iterdir()}
    for path in (*written, DOCUMENT):
        assert (ROOT / path).read_text() == (tmp_path / path).read_text(), f"{path} is old: run `make crds`"
