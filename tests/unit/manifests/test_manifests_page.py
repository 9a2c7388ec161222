"""The table on the page about the manifests lists every component with its RBAC rules."""

from __future__ import annotations

import re

import pytest

from tests.support.manifests import kustomizations, manifest_objects

ROWS = [
    line.strip("|").split("|")
    for line in (manifest_objects.FOLDER / "README.md").read_text().splitlines()
    if line.startswith("| `")
]
LISTED = {name: row[2].strip() for row in ROWS for name in re.findall(r"`([^`]+)`", row[0])}


def test_every_component_is_in_the_table_exactly_once() -> None:
    assert sorted(LISTED) == kustomizations.names()
    assert len(LISTED) == sum(len(re.findall(r"`([^`]+)`", row[0])) for row in ROWS)


@pytest.mark.parametrize("name", LISTED)
def test_component_with_rbac_rules_lists_them_in_the_table(name: str) -> None:
    assert (LISTED[name] != "none") == (kustomizations.COMPONENTS / name / "rbac.yaml").exists()
