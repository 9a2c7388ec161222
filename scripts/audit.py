"""Check the locked packages for known vulnerabilities; exit 1 if there are any.

Advisories come from the network. A network failure says nothing about the packages: if no service responds, the script
prints a warning and exits 0.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Includes the packages of the runtime and of the image build, in the same versions.
LOCK = ROOT / "requirements" / "dev.txt"
SERVICES = (("pypi",), ("osv",))
"""Each has all advisories; the second is used if the first does not respond."""

_SECONDS = 600


def main() -> None:
    """Print the findings, and exit with the status for CI."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lock", type=Path, default=LOCK, help="File of pinned packages (default: %(default)s).")
    parser.add_argument(
        "--osv-url", help="Query only this service; its API must be that of https://api.osv.dev/v1/query."
    )
    chosen = parser.parse_args()
    _expect_readable(chosen.lock)
    for service in [("osv", "--osv-url", chosen.osv_url)] if chosen.osv_url else SERVICES:
        found = _ask(chosen.lock, service)
        if found is not None:
            sys.exit(_told(found, service=service[0]))
    print("audit: NOT DONE: no advisory service responds, so the locked packages were not checked", flush=True)


def _expect_readable(lock: Path) -> None:
    """Exit if the lock file cannot be audited: that is an error of the project, not of a service."""
    tried = _pip_audit(lock, "--dry-run")
    if tried.returncode != 0:
        sys.exit(f"audit: {lock} cannot be audited:\n{tried.stderr}")


def _ask(lock: Path, service: Sequence[str]) -> list[dict[str, Any]] | None:
    """Return the service's findings for each package, or ``None`` if it does not respond."""
    ran = _pip_audit(lock, "--format=json", "--vulnerability-service", *service)
    try:
        found: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except ValueError:
        reason = ran.stderr.strip().rpartition("\n")[2]
        print(f"audit: {service[0]} does not respond: {reason}", flush=True)
        return None
    # A package index without advisories returns 404 for each query, which pip-audit reports as no finding.
    if all("skip_reason" in package for package in found):
        print(f"audit: {service[0]} knows none of the packages", flush=True)
        return None
    return found


def _told(found: Sequence[dict[str, Any]], *, service: str) -> int:
    """Print the findings and return the exit status. An unknown package is a finding: it may have been withdrawn."""
    findings = 0
    for package in found:
        if "skip_reason" in package:
            findings += 1
            print(f"audit: {package['name']}: {package['skip_reason']}")
        for advisory in package.get("vulns", ()):
            findings += 1
            names, fixed = ", ".join([advisory["id"], *advisory["aliases"]]), ", ".join(advisory["fix_versions"])
            print(f"audit: {package['name']} {package['version']}: {names}; fixed in {fixed or 'no version yet'}")
    print(f"audit: {service} checked {len(found)} packages: {findings} findings", flush=True)
    return 1 if findings else 0


def _pip_audit(lock: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Packages pinned by hash can be audited without pip and without an index.
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip", *arguments]
    command.append("--progress-spinner=off")
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)


if __name__ == "__main__":
    main()
