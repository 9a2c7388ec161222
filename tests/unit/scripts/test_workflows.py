"""The workflows run make targets, with pinned actions and the least permissions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support import repository

_WORKFLOWS = sorted((repository.ROOT / ".github" / "workflows").glob("*.y*ml"))
_TARGETS = set(re.findall(r"^([a-z0-9-]+):", (repository.ROOT / "Makefile").read_text(), re.MULTILINE))

_MAKE = re.compile(r"\bmake((?: +[\w.-]+(?:=\S+)?)+)")
_PROJECT_PROGRAM = re.compile(r"(?<![\w./-])(?:(?:\./)?(?:\.venv|\.ci|scripts|tests)/|python3?\b|pip\b|pytest\b|uv\b)")
_PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

each_workflow = pytest.mark.parametrize("path", _WORKFLOWS, ids=lambda path: path.stem)


class _Step(NamedTuple):
    job: str
    command: str


def _workflow(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded


def _steps(path: Path) -> Iterator[_Step]:
    for name, job in _workflow(path)["jobs"].items():
        yield from (_Step(name, step["run"]) for step in job["steps"] if "run" in step)


def _targets(command: str) -> set[str]:
    words = [word for called in _MAKE.findall(command) for word in called.split()]
    return {word for word in words if "=" not in word}


def test_workflows_for_changes_and_for_releases_exist() -> None:
    assert {path.stem for path in _WORKFLOWS} >= {"ci", "release"}


@each_workflow
def test_every_make_target_of_a_workflow_exists(path: Path) -> None:
    used = set().union(*(_targets(step.command) for step in _steps(path)))
    assert used
    assert used - _TARGETS == set()


@each_workflow
def test_workflow_runs_programs_of_the_project_through_make_only(path: Path) -> None:
    assert [step for step in _steps(path) if _PROJECT_PROGRAM.search(step.command)] == []


@pytest.mark.parametrize(
    ("command", "targets"),
    [
        ("make lint", {"lint"}),
        ('sudo env "PATH=$PATH" make test LAYERS=unit', {"test"}),
        ('make package TAG="$GITHUB_REF_NAME"', {"package"}),
        ("make lint audit\nmake check", {"lint", "audit", "check"}),
        ("docker login", set()),
    ],
)
def test_make_targets_are_found_in_a_command(command: str, targets: set[str]) -> None:
    assert _targets(command) == targets


@pytest.mark.parametrize(
    "command", ["python -m pytest", "scripts/lint", ".venv/bin/ruff check", "cd x && pip install ."]
)
def test_direct_call_of_a_program_of_the_project_is_found(command: str) -> None:
    assert _PROJECT_PROGRAM.search(command)


@each_workflow
def test_every_action_is_pinned_by_commit_with_its_version(path: Path) -> None:
    used = [line.strip(" -") for line in path.read_text().splitlines() if re.match(r"[ -]*uses:", line)]
    assert used
    assert [line for line in used if not _PINNED.match(line)] == []


@each_workflow
def test_every_file_that_a_workflow_reads_exists(path: Path) -> None:
    named = re.findall(r"(?:go-version-file|cache-dependency-path): (\S+)|hashFiles\('([^']+)'\)", path.read_text())
    patterns = {first or second for first, second in named}
    assert [pattern for pattern in sorted(patterns) if not any(repository.ROOT.glob(pattern))] == []


def test_every_action_has_one_version_in_all_workflows() -> None:
    used = {line for path in _WORKFLOWS for line in re.findall(r"uses: (\S+)", path.read_text())}
    names = [line.partition("@")[0] for line in used]
    assert sorted(names) == sorted(set(names))


@each_workflow
def test_token_has_no_permission_that_a_job_does_not_name(path: Path) -> None:
    workflow = _workflow(path)
    assert workflow["permissions"] == {}
    assert [name for name, job in workflow["jobs"].items() if "permissions" not in job] == []


def test_changes_are_tested_without_permission_to_write() -> None:
    [path] = [path for path in _WORKFLOWS if path.stem == "ci"]
    granted = {tuple(job["permissions"].items()) for job in _workflow(path)["jobs"].values()}
    assert granted == {(("contents", "read"),)}


@each_workflow
def test_every_job_has_a_time_limit(path: Path) -> None:
    assert [name for name, job in _workflow(path)["jobs"].items() if "timeout-minutes" not in job] == []


def test_checks_run_on_every_supported_python() -> None:
    project = tomllib.loads((repository.ROOT / "pyproject.toml").read_text())["project"]
    prefix = "Programming Language :: Python :: 3."
    supported = [each.rpartition(" ")[2] for each in project["classifiers"] if each.startswith(prefix)]
    [path] = [path for path in _WORKFLOWS if path.stem == "ci"]
    assert _workflow(path)["jobs"]["check"]["strategy"]["matrix"]["python"] == supported
