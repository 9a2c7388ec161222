"""Build everything that a release ships into dist/: wheel, sdist, chart, bill of materials and SHA256SUMS.

With `--tag` it also checks that this checkout is ready for a release with that tag, and writes the release notes to
dist/notes.md.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts import changelog, sbom, versions

ROOT = versions.ROOT
DIST = ROOT / "dist"
NOTES = DIST / "notes.md"
SUMS = DIST / "SHA256SUMS"

_CHART = ROOT / "manifests" / "chart"
_BINARIES = "tests.support.programs.binaries"
_SOURCE_DATE = "315532800"
"""As in the Dockerfile, so that the wheel has no time of this build."""


class NotReadyError(Exception):
    """The checkout is not ready for a release with that tag; the message says what to change."""


def main(arguments: Sequence[str]) -> int:
    """Build, and print the name of each file; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tag", default="", help="Tag of the release, such as v0.2.0.")
    tag = parser.parse_args(arguments).tag
    version = versions.declared()
    try:
        notes = release_notes(tag, version=version, text=changelog.PATH.read_text()) if tag else ""
    except NotReadyError as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    _build_python()
    _build_chart()
    bill = DIST / "tidegate.cdx.json"
    bill.write_text(sbom.document(version, sbom.packages(sbom.LOCK.read_text())))
    SUMS.write_text(sums(DIST))
    if notes:
        NOTES.write_text(notes)
    for path in sorted(DIST.iterdir()):
        print(f"package: {path.relative_to(ROOT)}")
    return 0


def release_notes(tag: str, *, version: str, text: str) -> str:
    """Return the changelog's section of the version.

    :raises NotReadyError: the tag is not that of the version, or the changelog has no section with a date for it.
    """
    if tag != f"v{version}":
        raise NotReadyError(f"tag {tag} is not v{version}; run `make version VERSION={tag.removeprefix('v')}`")
    for section in changelog.sections(text):
        if section.version == version and section.date:
            return section.text
    raise NotReadyError(f"CHANGELOG.md has no section `## [{version}] - DATE`; rename [{changelog.UNRELEASED}] to it")


def sums(folder: Path) -> str:
    """Return the checksums of the folder's files in the format of sha256sum."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)


def _build_python() -> None:
    """Build the sdist, and from it the wheel, with the locked setuptools of .venv."""
    builder = str(Path(sys.executable).with_name("uv"))
    environment = {**os.environ, "SOURCE_DATE_EPOCH": _SOURCE_DATE, "UV_OFFLINE": "1"}
    flags = ["--quiet", "--no-build-isolation", "--no-create-gitignore", "--python", sys.executable]
    subprocess.run([builder, "build", *flags, "--out-dir", str(DIST), str(ROOT)], env=environment, check=True)


def _build_chart() -> None:
    command = [sys.executable, "-m", _BINARIES, "helm"]
    found = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    helm = found.stdout.strip().partition(" ")[2]
    subprocess.run([helm, "lint", "--strict", "--quiet", str(_CHART)], check=True)
    subprocess.run([helm, "package", str(_CHART), "--destination", str(DIST)], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
