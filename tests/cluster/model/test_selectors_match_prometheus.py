"""Prometheus' own parser accepts and rejects the same selectors."""

from __future__ import annotations

import subprocess

import pytest

from tests.support import selector_cases
from tests.support.programs import binaries


@pytest.fixture(scope="module")
def promtool() -> str:
    return str(binaries.ensure(["promtool"])["promtool"])


def _accepts(promtool: str, text: str) -> bool:
    command = [promtool, "--experimental", "promql", "format", "--", text]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert ran.returncode == 0 or "parse error" in ran.stderr, ran.stderr
    return ran.returncode == 0


@pytest.mark.parametrize("text", selector_cases.ACCEPTED)
def test_selectors_that_tidegate_accepts_are_accepted_by_prometheus(promtool: str, text: str) -> None:
    assert _accepts(promtool, text)


@pytest.mark.parametrize("text", [case.values[0] for case in selector_cases.REJECTED])
def test_selectors_that_tidegate_rejects_are_rejected_by_prometheus(promtool: str, text: str) -> None:
    assert not _accepts(promtool, text)


@pytest.mark.parametrize("text", [case.values[0] for case in selector_cases.REJECTED_BY_TIDEGATE_ONLY])
def test_selectors_that_only_tidegate_rejects_are_accepted_by_prometheus(promtool: str, text: str) -> None:
    assert _accepts(promtool, text)
