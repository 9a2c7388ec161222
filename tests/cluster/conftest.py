"""Which tests of this folder run in the same process when several processes run them (`pytest -n 4 tests/cluster`)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from xdist import remote

from tests.support import scheduling
from tests.support.kubernetes import shared_cluster

_HERE = Path(__file__).parent
_NEED_OWN_CLUSTER = (
    "jobs/test_api_server_outages.py",
    "jobs/test_demo_in_given_cluster.py",
    "jobs/test_policies_on_a_real_api_server.py",
    "manifests/test_policies_in_kubectl.py",
    "manifests/test_policy_crds.py",
    "manifests/test_schema_validation.py",
    "operator/test_watch_and_api_server_outages.py",
    "soak/test_fault_injection_on_a_real_api_server.py",
    "support/test_api_server_outages.py",
)
"""Modules that interrupt a control plane or add policy CRDs to it; together they start one only once, in this order."""
_ORDER = ("jobs", "operator", "docs", "support", "manifests", "chart")
"""Folders whose modules take longest first, so that no process runs alone at the end."""


def _group(nodeid: str) -> str:
    """The module, whose tests share components, or one name for all modules that need their own cluster."""
    module = scheduling.module(nodeid)
    return "own cluster" if module.endswith(_NEED_OWN_CLUSTER) else module


def pytest_configure(config: pytest.Config) -> None:
    """Reject a cluster on which these tests cannot run before any test starts."""
    given = os.environ.get(shared_cluster.KUBECONFIG_VARIABLE)
    if given and not hasattr(config, "workerinput"):
        with tempfile.TemporaryDirectory() as scratch:
            try:
                with shared_cluster.existing(Path(given), scratch=Path(scratch)):
                    pass
            except shared_cluster.UnsuitableClusterError as error:
                raise pytest.UsageError(str(error)) from error


def pytest_xdist_make_scheduler(config: pytest.Config, log: remote.Producer) -> scheduling.GroupScheduling:
    config.option.loadscopereorder = False
    return scheduling.GroupScheduling(config, log, group=_group)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the modules that take longest first."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if not item.path.is_relative_to(_HERE):
        return len(_ORDER)
    module = item.path.relative_to(_HERE)
    if str(module) in _NEED_OWN_CLUSTER:
        return _NEED_OWN_CLUSTER.index(str(module)) - len(_NEED_OWN_CLUSTER)
    return _ORDER.index(module.parts[0]) if module.parts[0] in _ORDER else len(_ORDER)


@pytest.fixture(autouse=True)
def _own_cluster_is_declared(request: pytest.FixtureRequest) -> None:
    if "own_cluster" in request.fixturenames:
        assert str(request.path.relative_to(_HERE)) in _NEED_OWN_CLUSTER, "add this module to _NEED_OWN_CLUSTER"
