"""``make audit`` fails on a known vulnerability; if no advisory service responds, it reports that and succeeds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts import audit
from tests.support import repository

ADVISORY = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1"]}
LEAKY = {"name": "leaky", "version": "1.0", "vulns": [ADVISORY]}
SOUND = {"name": "sound", "version": "1.0", "vulns": []}
UNKNOWN = {"name": "leaky", "skip_reason": "Dependency not found"}


def _exit_code(monkeypatch: pytest.MonkeyPatch, findings: Mapping[str, list[dict[str, Any]]]) -> int:
    """The exit code of the audit if pip-audit has these findings by service; a service without any is unreachable."""

    def pip_audit(lock: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        service = arguments[-1]
        output = json.dumps({"dependencies": findings[service]}) if service in findings else ""
        return subprocess.CompletedProcess([str(lock)], 0, output, "no route to host")

    monkeypatch.setattr(audit, "_pip_audit", pip_audit)
    monkeypatch.setattr(sys, "argv", ["audit"])
    try:
        audit.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_known_vulnerability_fails_the_audit_and_is_printed_with_its_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_code(monkeypatch, {"pypi": [LEAKY, SOUND]}) == 1
    assert "audit: leaky 1.0: PYSEC-1, CVE-1; fixed in 1.1\n" in capsys.readouterr().out


def test_package_missing_from_the_index_fails_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _exit_code(monkeypatch, {"pypi": [UNKNOWN, SOUND]}) == 1


@pytest.mark.parametrize("pypi", [{}, {"pypi": [UNKNOWN, UNKNOWN]}], ids=["unreachable", "without the packages"])
def test_second_service_is_used_if_the_first_does_not_respond(
    pypi: dict[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_code(monkeypatch, {**pypi, "osv": [SOUND]}) == 0
    assert "audit: osv checked 1 packages: 0 findings\n" in capsys.readouterr().out


def test_unreachable_services_are_reported_and_do_not_fail_the_audit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_code(monkeypatch, {}) == 0
    assert "audit: NOT DONE" in capsys.readouterr().out


def test_audited_lock_file_contains_every_locked_package() -> None:
    assert _pins("runtime") | _pins("build") <= _pins("dev")


def _pins(name: str) -> set[str]:
    text = (repository.ROOT / "requirements" / f"{name}.txt").read_text()
    return set(re.findall(r"^[a-z0-9-]+==[^ ;]+", text, re.MULTILINE))
