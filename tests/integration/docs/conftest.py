"""A recipe as a command, a gateway for it, and a folder to back up."""

from __future__ import annotations

import functools
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.docs import recipe_programs
from tests.support.processes import tidegate_processes

Recipe = Callable[[Path], recipe_programs.Command]


@pytest.fixture(scope="session")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Recipe], recipe_programs.Command]:
    """The function that builds a recipe, once in a session."""
    return functools.cache(lambda recipe: recipe(tmp_path_factory.mktemp("recipe")))


@pytest.fixture
def command(
    request: pytest.FixtureRequest, _built: Callable[[Recipe], recipe_programs.Command]
) -> recipe_programs.Command:
    """The recipe that is the test's parameter, as a command."""
    return _built(request.param)


@pytest.fixture(scope="session")
def _shared_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tidegate_processes.Gateway]:
    with tidegate_processes.serving(
        tmp_path_factory.mktemp("gateway"), arguments=("--web.enable-admin-api",)
    ) as running:
        yield running


@pytest.fixture
def gateway(_shared_gateway: tidegate_processes.Gateway) -> Iterator[tidegate_processes.Gateway]:
    """A gateway without groups; it counts the pushes of earlier tests, too."""
    yield _shared_gateway
    wipe = urllib.request.Request(f"{_shared_gateway.url}/api/v1/admin/wipe", method="PUT")
    with urllib.request.urlopen(wipe, timeout=recipe_programs.SECONDS):
        pass


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder to back up, with three files."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in "abc":
        (folder / name).touch()
    return folder
