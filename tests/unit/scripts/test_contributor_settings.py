"""The settings of dependabot, the git hooks and the devcontainer fit the repository."""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from tests.support import repository

_ROOT = repository.ROOT


def _updates() -> dict[str, list[str]]:
    """The folders that dependabot updates, by ecosystem."""
    updates = yaml.safe_load((_ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    return {each["package-ecosystem"]: each.get("directories") or [each["directory"]] for each in updates}


def _folder(path: Path) -> str:
    """The folder of the file as dependabot writes it."""
    return f"/{path.parent.relative_to(_ROOT).as_posix()}"


def _hooks() -> list[dict[str, Any]]:
    repos = yaml.safe_load((_ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    return [hook for repo in repos for hook in repo["hooks"]]


def _devcontainer() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_ROOT / ".devcontainer" / "devcontainer.json").read_text())
    return loaded


def _devcontainer_image() -> str:
    return (_ROOT / ".devcontainer" / "Dockerfile").read_text()


def test_dependabot_updates_every_go_module() -> None:
    modules = {_folder(path) for path in (_ROOT / "tests").rglob("go.mod")}
    assert modules
    assert {each for each in modules if not any(fnmatch.fnmatch(each, it) for it in _updates()["gomod"])} == set()


def test_dependabot_updates_the_locked_packages_actions_and_base_images() -> None:
    updates = _updates()
    assert updates["pip"] == ["/requirements"]
    assert updates["github-actions"] == ["/"]
    assert set(updates["docker"]) == {"/", "/.devcontainer"}
    assert all((_ROOT / folder.lstrip("/") / "Dockerfile").is_file() for folder in updates["docker"])


def test_git_hooks_run_only_locked_programs() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (_ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE))
    programs = {hook["entry"].split()[0] for hook in _hooks()}
    assert {hook["language"] for hook in _hooks()} == {"system"}
    assert {Path(program).parent.as_posix() for program in programs} == {".venv/bin"}
    assert {Path(program).name for program in programs} <= locked | {"python"}


def test_every_script_of_a_git_hook_exists() -> None:
    scripts = [word for hook in _hooks() for word in hook["entry"].split() if word.startswith("scripts")]
    assert scripts
    assert [name for name in scripts if not (_ROOT / name).exists() and not _is_module(name)] == []


def _is_module(name: str) -> bool:
    return _ROOT.joinpath(*name.split(".")).with_suffix(".py").is_file()


def test_devcontainer_sets_up_the_environment_with_make() -> None:
    assert _devcontainer()["postCreateCommand"] == "make setup"
    assert (_ROOT / ".devcontainer" / _devcontainer()["build"]["dockerfile"]).is_file()


def test_devcontainer_has_the_newest_supported_python() -> None:
    classifiers = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    newest = [each.rpartition(" ")[2] for each in classifiers if re.search(r":: 3\.\d+$", each)][-1]
    assert f"FROM python:{newest}-" in _devcontainer_image()


def test_devcontainer_has_the_go_version_of_the_modules() -> None:
    versions = {
        match[1]
        for path in (_ROOT / "tests").rglob("go.mod")
        if (match := re.search(r"^go (\d+\.\d+)", path.read_text(), re.MULTILINE))
    }
    [version] = versions
    assert f"FROM golang:{version}-" in _devcontainer_image()
