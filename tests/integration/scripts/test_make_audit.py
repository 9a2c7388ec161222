"""``make audit`` reads the findings and the errors of pip-audit."""

from __future__ import annotations

import contextlib
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support import repository

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
def _service(responses: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """Run an advisory service with these responses by package name; yield its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(responses.get(query["package"]["name"], {})).encode()
            self.send_response(200)
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


def _audit(lock: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [sys.executable, ROOT / "scripts" / "audit.py", "--lock", lock, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_audit_fails_on_a_known_vulnerability_and_names_the_fixed_version(lock: Path) -> None:
    with _service({"leaky": {"vulns": [ADVISORY]}}) as url:
        ran = _audit(lock, f"--osv-url={url}")
    assert ran.returncode == 1
    assert "audit: leaky 1.0: PYSEC-1, CVE-1; fixed in 1.1\n" in ran.stdout
    assert "audit: osv checked 2 packages: 1 findings\n" in ran.stdout


def test_invalid_lock_file_fails_the_audit(lock: Path) -> None:
    lock.write_text("leaky>=1.0\n")
    ran = _audit(lock)
    assert ran.returncode == 1
    assert "lock.txt cannot be audited" in ran.stderr
