"""Ask whether any locked package has a known vulnerability; exit 1 when one has.

Advisories come over the network, and a network that is away says nothing about the packages: where no service answers,
this says so on a line that nobody overlooks and exits 0.
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
# The runtime's packages, and those that the image is built with, are among them, in the same versions.
LOCK = ROOT / "requirements" / "dev.txt"
SERVICES = (("pypi",), ("osv",))
"""Either has all advisories; the second is asked where the first does not answer."""

_SECONDS = 600


def main() -> None:
    """Print what was found, and exit with what CI should make of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lock", type=Path, default=LOCK, help="the file of pinned packages (default: %(default)s)")
    parser.add_argument("--osv-url", help="ask only this service, which speaks as https://api.osv.dev/v1/query does")
    chosen = parser.parse_args()
    _expect_readable(chosen.lock)
    for service in [("osv", "--osv-url", chosen.osv_url)] if chosen.osv_url else SERVICES:
        found = _ask(chosen.lock, service)
        if found is not None:
            sys.exit(_told(found, service=service[0]))
    print(
        "audit: NOT DONE, no service for advisories can be reached: nothing is known of the locked packages", flush=True
    )


def _expect_readable(lock: Path) -> None:
    """A lock file that cannot be audited is a fault of ours, and no service's."""
    tried = _pip_audit(lock, "--dry-run")
    if tried.returncode != 0:
        sys.exit(f"audit: {lock} cannot be audited:\n{tried.stderr}")


def _ask(lock: Path, service: Sequence[str]) -> list[dict[str, Any]] | None:
    """What the service says of each package; ``None`` where it does not answer."""
    ran = _pip_audit(lock, "--format=json", "--vulnerability-service", *service)
    try:
        found: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except ValueError:
        reason = ran.stderr.strip().rpartition("\n")[2]
        print(f"audit: {service[0]} does not answer: {reason}", flush=True)
        return None
    # An index that has packages and no advisories answers 404 to each question, which pip-audit takes for no finding.
    if all("skip_reason" in package for package in found):
        print(f"audit: {service[0]} knows none of the packages", flush=True)
        return None
    return found


def _told(found: Sequence[dict[str, Any]], *, service: str) -> int:
    """Print the findings; the exit status. A package that is not known there is one: it may have been withdrawn."""
    findings = 0
    for package in found:
        if "skip_reason" in package:
            findings += 1
            print(f"audit: {package['name']}: {package['skip_reason']}")
        for advisory in package.get("vulns", ()):
            findings += 1
            names, fixed = ", ".join([advisory["id"], *advisory["aliases"]]), ", ".join(advisory["fix_versions"])
            print(f"audit: {package['name']} {package['version']}: {names}; fixed in {fixed or 'no version yet'}")
    print(f"audit: {service} was asked about {len(found)} packages: {findings} findings", flush=True)
    return 1 if findings else 0


def _pip_audit(lock: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # What is pinned with a hash needs no pip to be resolved, and no index to be asked.
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip", *arguments]
    command.append("--progress-spinner=off")
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)


if __name__ == "__main__":
    main()
