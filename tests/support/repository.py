"""The folders of the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder with pyproject.toml."""

TESTS = ROOT / "tests"
MANIFESTS = ROOT / "manifests"
DOCS = ROOT / "docs"
