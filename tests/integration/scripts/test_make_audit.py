"""``make audit`` fails on a known vulnerability; if the network is unreachable, it reports that and succeeds."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support import repository
from tests.support.processes import ports

ROOT = repository.ROOT
HOST = "127.0.0.1"
ADVISORY = {
    "id": "PYSEC-1",
    "aliases": ["CVE-1"],
    "summary": "It lets everybody in.",
    "affected": [
        {
            "package": {"name": "leaky", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    made = tmp_path / "lock.txt"
    made.write_text("".join(f"{name}==1.0 --hash=sha256:{'0' * 64}\n" for name in ("leaky", "sound")))
    return made


@contextlib.contextmanager
def _service(responses: Mapping[str, dict[str, Any]], *, status: int = 200) -> Iterator[str]:
    """Run an advisory service with these responses by package name; yield its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(responses.get(query["package"]["name"], {})).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: the lines would mix with those of the tests."""

    with http.server.ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/v1/query"
        finally:
            server.shutdown()
            thread.join()


def _audit(lock: Path, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [sys.executable, ROOT / "scripts" / "audit.py", "--lock", lock, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(path) if path else ""}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)


def test_audit_fails_on_a_known_vulnerability_and_names_the_fixed_version(lock: Path) -> None:
    with _service({"leaky": {"vulns": [ADVISORY]}}) as url:
        ran = _audit(lock, f"--osv-url={url}")
    assert ran.returncode == 1
    assert "audit: leaky 1.0: PYSEC-1, CVE-1; fixed in 1.1\n" in ran.stdout
    assert "audit: osv checked 2 packages: 1 findings\n" in ran.stdout


def test_audit_succeeds_without_findings(lock: Path) -> None:
    with _service({}) as url:
        ran = _audit(lock, f"--osv-url={url}")
    assert (ran.returncode, ran.stdout) == (0, "audit: osv checked 2 packages: 0 findings\n")


def test_unreachable_service_is_reported_and_does_not_fail_the_audit(lock: Path) -> None:
    ran = _audit(lock, f"--osv-url=http://{HOST}:{ports.free_port()}/v1/query")
    assert ran.returncode == 0
    assert "audit: osv does not respond: " in ran.stdout
    assert "audit: NOT DONE: no advisory service responds" in ran.stdout


def test_response_with_an_error_status_counts_as_unreachable(lock: Path) -> None:
    with _service({}, status=500) as url:
        ran = _audit(lock, f"--osv-url={url}")
    assert ran.returncode == 0
    assert "audit: NOT DONE" in ran.stdout


def test_invalid_lock_file_fails_the_audit(lock: Path) -> None:
    lock.write_text("leaky>=1.0\n")
    ran = _audit(lock)
    assert ran.returncode == 1
    assert "lock.txt cannot be audited" in ran.stderr


def _pretend(folder: Path, findings: Mapping[str, list[dict[str, Any]]]) -> Path:
    """A replacement for pip-audit that prints these findings, by service."""
    program = f"""
import json, sys
service = sys.argv[sys.argv.index("--vulnerability-service") + 1] if "--vulnerability-service" in sys.argv else ""
print(json.dumps({{"dependencies": {dict(findings)!r}.get(service, [])}}))
"""
    (folder / "pip_audit.py").write_text(program)
    return folder


UNKNOWN = {"name": "leaky", "skip_reason": "Dependency not found"}
SOUND = {"name": "sound", "version": "1.0", "vulns": []}


def test_index_that_has_none_of_the_packages_counts_as_unreachable(lock: Path, tmp_path: Path) -> None:
    ran = _audit(lock, path=_pretend(tmp_path, {"pypi": [UNKNOWN, UNKNOWN], "osv": [UNKNOWN, UNKNOWN]}))
    assert ran.returncode == 0
    assert "audit: pypi knows none of the packages\n" in ran.stdout
    assert "audit: NOT DONE" in ran.stdout


def test_second_service_is_used_if_the_first_is_unreachable(lock: Path, tmp_path: Path) -> None:
    ran = _audit(lock, path=_pretend(tmp_path, {"pypi": [UNKNOWN, UNKNOWN], "osv": [SOUND]}))
    assert ran.returncode == 0
    assert "audit: osv checked 1 packages: 0 findings\n" in ran.stdout
    assert "NOT DONE" not in ran.stdout


def test_package_missing_from_the_index_fails_the_audit(lock: Path, tmp_path: Path) -> None:
    ran = _audit(lock, path=_pretend(tmp_path, {"pypi": [UNKNOWN, SOUND]}))
    assert ran.returncode == 1
    assert "audit: leaky: Dependency not found\n" in ran.stdout


def _pins(name: str) -> set[str]:
    return set(re.findall(r"^[a-z0-9-]+==[^ ;]+", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))


def test_audited_lock_file_contains_every_locked_package() -> None:
    assert len(_pins("runtime")) > 20
    assert _pins("runtime") | _pins("build") <= _pins("dev")


def test_ci_runs_the_audit() -> None:
    assert "make audit" in (ROOT / ".ci" / "run").read_text().splitlines()
