"""Java for the recipe: the machine's own, or Debian's on a CI machine without one; and the libraries of the recipe.

Runnable alone (`python -m tests.support.programs.java_runtime` prepares everything, or prints what is missing).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.docs import documented_recipes
from tests.support.programs import binaries, progress, tool_cache

OLDEST = 17
_PACKAGES = {"javac": "default-jdk-headless", "mvn": "maven"}
_SECONDS = 300
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies"
_SUMS = Path(__file__).with_name("jars.sha256")
_POM = """<project>
<modelVersion>4.0.0</modelVersion><groupId>dev.tidegate</groupId><artifactId>recipes</artifactId><version>0</version>
<packaging>pom</packaging><dependencies>{}</dependencies></project>
"""
_DEPENDENCY = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"


def compiled(source: str, *, coordinates: Sequence[str], folder: Path) -> list[str]:
    """Compile this source and return the command that runs its only class, with these libraries and their dependencies.

    :raises AssertionError: the source does not compile.
    :raises binaries.MissingToolError: Java, Maven or a library is not available.
    """
    name = source.partition("public class ")[2].split()[0]
    path = folder / f"{name}.java"
    path.write_text(source)
    classpath = f"{folder}{os.pathsep}{jars(coordinates)}/*"
    ran = _ran("javac", f"--release={OLDEST}", "-Xlint:all", "-Werror", "-cp", classpath, "-d", str(folder), str(path))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ["java", "-cp", classpath, name]


def jars(coordinates: Sequence[str]) -> Path:
    """The cache folder with these libraries, `group:artifact:version`, and their dependencies.

    :raises binaries.MissingToolError: they are not available, or their checksums differ from `jars.sha256`.
    """
    _need_tools()
    wanted = _SUMS.read_bytes()
    name = hashlib.sha256(" ".join([*coordinates, wanted.decode()]).encode()).hexdigest()[:16]
    folder = tool_cache.cache_root() / f"jars-{name}"
    with tool_cache.turn(folder):
        if not folder.exists():
            progress.say(f"fetching {', '.join(coordinates)} with Maven (half a minute, once)")
            with tool_cache.installing(folder) as draft, tempfile.TemporaryDirectory() as work:
                _fetch(coordinates, draft, Path(work))
                _check(draft)
    return folder


def _fetch(coordinates: Sequence[str], folder: Path, work: Path) -> None:
    named = "".join(_DEPENDENCY.format(*each.split(":")) for each in coordinates)
    (work / "pom.xml").write_text(_POM.format(named))
    quietly = ("--batch-mode", "--quiet", "--strict-checksums")
    chosen = (f"-Dmaven.repo.local={work}/repository", f"-DoutputDirectory={folder}", "-DincludeScope=runtime")
    _run("mvn", *quietly, f"--file={work}/pom.xml", _COPY, *chosen)


def _check(folder: Path) -> None:
    found = "".join(f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}\n" for jar in sorted(folder.iterdir()))
    if found != _SUMS.read_text():
        raise binaries.MissingToolError(f"the libraries are not those of {_SUMS.name}, but:\n{found}")


def _need_tools() -> None:
    missing = [package for tool, package in _PACKAGES.items() if shutil.which(tool) is None]
    if missing and os.environ.get("CI") == "true":
        progress.say(f"installing the system packages {', '.join(missing)}")
        _run("apt-get", "update", "-qq")
        _run("apt-get", "install", "-qq", "-y", "--no-install-recommends", *missing)
    elif missing:
        raise binaries.MissingToolError(f"no Java {OLDEST} with Maven here: install {' and '.join(missing)}")
    version = _ran("javac", "-version").stdout
    if int(version.split()[1].partition(".")[0]) < OLDEST:
        raise binaries.MissingToolError(f"this is {version.strip()}: install Java {OLDEST} or newer")


def _run(*command: str) -> None:
    ran = _ran(*command)
    if ran.returncode != 0:
        raise binaries.MissingToolError(f"{command[0]} failed: {(ran.stdout + ran.stderr).strip()}")


def _ran(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)


def main() -> int:
    """Fetch the requirements of the recipe, or print why they are missing; without them its test is skipped."""
    try:
        print(f"jars {jars(documented_recipes.coordinates())}")
    except binaries.MissingToolError as error:
        print(f"left out, the recipe in Java: {error}", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
