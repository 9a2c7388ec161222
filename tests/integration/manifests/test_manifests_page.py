"""The examples on the page about the manifests work."""

from __future__ import annotations

from pathlib import Path

from tests.support.docs import markdown_documents as pages
from tests.support.manifests import kustomizations, manifest_objects
from tests.support.processes import command_lines

PAGE = manifest_objects.FOLDER / "README.md"
FOLDER, TEAM = "team-a/kustomization.yaml", "kustomization.yaml"


def _shown() -> dict[str, list[str]]:
    """The YAML blocks by the file name that each gives."""
    found: dict[str, list[str]] = {}
    for block in pages.yaml_blocks(PAGE):
        found.setdefault(block.splitlines()[0].removeprefix("# "), []).append(block)
    return found


def _beside(folder: Path) -> Path:
    (folder / "tidegate").symlink_to(pages.ROOT)
    return folder


def test_first_kustomization_of_the_page_renders(tmp_path: Path) -> None:
    first, _ = _shown()[TEAM]
    (_beside(tmp_path) / TEAM).write_text(first)
    kinds = {each["kind"] for each in kustomizations.objects(tmp_path)}
    assert {"StatefulSet", "ServiceMonitor", "PrometheusRule", "NetworkPolicy"} <= kinds


def test_kustomization_for_some_namespaces_grants_rights_only_there(tmp_path: Path) -> None:
    _, several = _shown()[TEAM]
    [team] = _shown()[FOLDER]
    _beside(tmp_path)
    for name in ("team-a", "team-b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / TEAM).write_text(team.replace("namespace: team-a", f"namespace: {name}"))
    (tmp_path / TEAM).write_text(several)
    rendered = kustomizations.objects(tmp_path)
    rolled = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in rendered if each["kind"] == "Role"}
    own = ("tidegate", "tidegate-own-events")
    roles = ("tidegate", "tidegate-watch-pods", "tidegate-policies")
    assert rolled == {own} | {(space, name) for space in ("team-a", "team-b") for name in roles}
    chosen = command_lines.parsed(kustomizations.container(rendered, "operator")["args"])
    assert list(chosen.kubernetes_namespace) == ["team-a", "team-b"]
