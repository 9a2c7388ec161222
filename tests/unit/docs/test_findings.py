"""The scripts in findings/ have the form that their README describes. CI does not run them."""

import os
import re
from pathlib import Path

import pytest

from tests.support.docs import markdown_documents

FOLDER = markdown_documents.ROOT / "findings"
_PATH = re.compile(r"\b(?:docs|manifests|operator)/[\w./-]*\w")

each_script = pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sh")), ids=lambda path: path.stem)


def _parts(path: Path) -> dict[str, str]:
    """The parts of the comment at the top of a script, by keyword."""
    comment = re.findall(r"^#(?!!) ?(.*)\n", path.read_text().split("\nset -euo pipefail\n")[0] + "\n", re.MULTILINE)
    matches = re.findall(r"^(\w+):((?:.*\n)(?:  .*\n)*)", "\n".join(comment) + "\n", re.MULTILINE)
    return {keyword: " ".join(text.split()) for keyword, text in matches}


def test_readme_lists_each_script() -> None:
    listed = [link for link in markdown_documents.links(FOLDER / "README.md") if link.endswith(".sh")]
    assert listed == sorted(path.name for path in FOLDER.glob("*.sh"))


@each_script
def test_script_can_be_executed(path: Path) -> None:
    assert os.access(path, os.X_OK)


@each_script
def test_script_states_expected_and_actual_behavior(path: Path) -> None:
    assert {"Expected", "Actual", "tidegate"} <= _parts(path).keys()


@each_script
def test_files_that_a_script_names_exist(path: Path) -> None:
    named = _PATH.findall(_parts(path)["tidegate"])
    assert named != []
    assert [each for each in named if not (markdown_documents.ROOT / each).exists()] == []


def test_scripts_that_the_code_names_exist() -> None:
    sources = [*markdown_documents.ROOT.glob("operator/**/*.py"), *markdown_documents.ROOT.glob("manifests/**/*.yaml")]
    named = {name for path in sources for name in re.findall(r"findings/([\w-]+\.sh)", path.read_text())}
    assert named != set()
    assert [name for name in named if not (FOLDER / name).exists()] == []
