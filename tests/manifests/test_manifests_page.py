"""The page about the manifests lists every component, and what it shows works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs import markdown_documents as pages
from tests.manifests import kustomizations, manifest_objects
from tests.support import command_lines

PAGE = manifest_objects.FOLDER / "README.md"
ROWS = [line.strip("|").split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
LISTED = {name: row[2].strip() for row in ROWS for name in re.findall(r"`([^`]+)`", row[0])}
FOLDER, TEAM = "team-a/kustomization.yaml", "kustomization.yaml"


def _shown() -> dict[str, list[str]]:
    """The blocks of YAML by the file that each says it is."""
    found: dict[str, list[str]] = {}
    for block in pages.yaml_blocks(PAGE):
        found.setdefault(block.splitlines()[0].removeprefix("# "), []).append(block)
    return found


def _beside(folder: Path) -> Path:
    (folder / "tidegate").symlink_to(pages.ROOT)
    return folder


def test_every_component_is_in_the_table_once() -> None:
    assert sorted(LISTED) == kustomizations.names()
    assert len(LISTED) == sum(len(re.findall(r"`([^`]+)`", row[0])) for row in ROWS)


@pytest.mark.parametrize("name", LISTED)
def test_what_adds_rights_says_which(name: str) -> None:
    assert (LISTED[name] != "none") == (kustomizations.COMPONENTS / name / "rbac.yaml").exists()


@pytest.mark.parametrize("name", kustomizations.names("Component") + kustomizations.names("Kustomization"))
def test_a_component_says_at_its_head_what_it_is_for(name: str) -> None:
    lines = (kustomizations.COMPONENTS / name / "kustomization.yaml").read_text().splitlines()
    assert lines[0].startswith("# ")
    assert lines[[line.startswith("#") for line in lines].index(False)].startswith("apiVersion: kustomize")


@pytest.mark.cluster
def test_the_first_kustomization_can_be_rendered(tmp_path: Path) -> None:
    first, _ = _shown()[TEAM]
    (_beside(tmp_path) / TEAM).write_text(first)
    kinds = {each["kind"] for each in kustomizations.objects(tmp_path)}
    assert {"StatefulSet", "ServiceMonitor", "PrometheusRule", "NetworkPolicy"} <= kinds


@pytest.mark.cluster
def test_the_kustomization_for_some_namespaces_gives_rights_there_alone(tmp_path: Path) -> None:
    _, several = _shown()[TEAM]
    [team] = _shown()[FOLDER]
    _beside(tmp_path)
    for name in ("team-a", "team-b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / TEAM).write_text(team.replace("namespace: team-a", f"namespace: {name}"))
    (tmp_path / TEAM).write_text(several)
    made = kustomizations.objects(tmp_path)
    rolled = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in made if each["kind"] == "Role"}
    own = ("tidegate", "tidegate-own-events")
    roles = ("tidegate", "tidegate-watch-pods", "tidegate-policies")
    assert rolled == {own} | {(space, name) for space in ("team-a", "team-b") for name in roles}
    chosen = command_lines.parsed(kustomizations.container(made, "operator")["args"])
    assert list(chosen.kubernetes_namespace) == ["team-a", "team-b"]
