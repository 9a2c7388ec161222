"""``make version``: the version is declared once, and every other file that states it agrees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tidegate
from scripts import versions

_SHIPPED = ("Dockerfile", "README.md", "docs/*.md", "manifests/**/*", "operator/**/*.py", ".github/**/*")
_MEASURED = {versions.ROOT / "docs" / "benchmark.md"}
"""Files that state which version they were measured with."""


def test_every_file_states_the_declared_version() -> None:
    old = [path for path, text in versions.texts(tidegate.__version__).items() if path.read_text() != text]
    assert old == [], "run `make version`"


def test_no_shipped_file_states_the_version_in_a_place_that_make_version_does_not_know() -> None:
    texts = versions.texts("9.9.9")
    stated = re.compile(rf"(?<![\d.]){re.escape(tidegate.__version__)}(?![\d.]*\d)")
    assert [path for path in _shipped() if stated.search(texts.get(path) or path.read_text())] == []


def test_new_version_is_written_to_the_declaration_the_chart_the_image_and_the_documents() -> None:
    changed = {path.relative_to(versions.ROOT).as_posix(): text for path, text in versions.texts("9.9.9").items()}
    assert '__version__ = "9.9.9"\n' in changed["operator/tidegate/__init__.py"]
    assert "\nversion: 9.9.9\nappVersion: 9.9.9\n" in changed["manifests/chart/Chart.yaml"]
    assert "newTag: 9.9.9\n" in changed["manifests/base/kustomization.yaml"]
    assert 'org.opencontainers.image.version="9.9.9"' in changed["Dockerfile"]
    assert "registry.example/tidegate:9.9.9 " in changed["README.md"]


@pytest.mark.parametrize("version", ["v0.2.0", "0.2", "0.2.0rc1"])
def test_version_that_is_not_three_numbers_is_rejected(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert versions.main([version]) == 2
    assert version in capsys.readouterr().err


def _shipped() -> Iterator[Path]:
    for pattern in _SHIPPED:
        for path in versions.ROOT.glob(pattern):
            if path.is_file() and "__pycache__" not in path.parts and path not in _MEASURED:
                yield path
