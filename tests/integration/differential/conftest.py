"""Fixtures that run both servers once for all tests of this folder, and once for each Pushgateway version."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.differential import compatibility_page
from tests.support import requirements
from tests.support.processes import tidegate_processes
from tests.support.pushgateway import comparisons, pushgateway_servers


@dataclass(frozen=True)
class Pair:
    """A tidegate gateway and a Pushgateway."""

    ours: comparisons.Peer
    real: comparisons.Peer
    real_version: tuple[int, int]

    def play(self, case: comparisons.Case) -> tuple[comparisons.Observation, comparisons.Observation]:
        """The output of each server for the case; both servers are empty before and after it."""
        try:
            return self.ours.play(case), self.real.play(case)
        finally:
            self.ours.wipe()
            self.real.wipe()

    def may_differ(self, case: comparisons.Case) -> bool:
        """Whether docs/compatibility.md documents a difference for this case."""
        return case.id in compatibility_page.documented_differences(self.real_version)


@pytest.fixture(scope="session", params=pushgateway_servers.programs().items(), ids=lambda named: named[0])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    _, find = request.param
    with running_pair(find, tmp_path_factory.mktemp("differential")) as running:
        yield running


@pytest.fixture(scope="session")
def pair_with_utf8_names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both servers with UTF-8 names enabled; only the newest Pushgateway has that flag."""
    *_, find = pushgateway_servers.programs().values()
    with running_pair(find, tmp_path_factory.mktemp("names"), "--push.enable-utf8-names") as running:
        yield running


@contextlib.contextmanager
def running_pair(find: Callable[[], Path], folder: Path, *flags: str, prefix: str = "") -> Iterator[Pair]:
    """Both servers with these flags, which put all paths below the prefix."""
    program = requirements.require(find)
    arguments = ("--web.enable-admin-api", *flags)
    with (
        tidegate_processes.serving(folder, arguments=arguments, prefix=prefix) as gateway,
        pushgateway_servers.serving(program, folder, *flags, prefix=prefix) as pushgateway,
    ):
        version = pushgateway_servers.version(program)
        yield Pair(comparisons.Peer(gateway.port), comparisons.RealPeer(pushgateway.port), version)
